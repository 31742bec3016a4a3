import assert from "node:assert/strict";
import { parseCertificate } from "@kasbah/pki";
import {
  type AuthorityState,
  emptyState,
} from "../../../packages/ca-server/src/authorities/rotation/authority-state.ts";
import type { StoredAuthority } from "../../../packages/ca-server/src/authorities/rotation/stored-authority.ts";
import { decodeState, encodeState } from "../../../packages/ca-server/src/authorities/state-codec.ts";
import { operatorRootDer, rootDer } from "../corpus.ts";
import { jsonMutants } from "../mutants.ts";
import { bytesOf, isMeshError, read, type Target, textOf } from "../target.ts";

const since = new Date("2030-01-01T00:00:00Z");
const record: StoredAuthority = {
  id: "root-1",
  kind: "root",
  origin: "self-signed",
  rootId: "root-1",
  certificate: parseCertificate(rootDer),
  chain: [],
  hasKey: true,
  stage: "active",
  stageSince: since,
  createdAt: since,
  leafHorizon: since,
};
const operatorRoot = parseCertificate(operatorRootDer);
const plugged: StoredAuthority = { ...record, id: "root-2", origin: "plugged-in", certificate: operatorRoot };
const rotation = { kind: "root", from: "root-1", to: "root-2", stage: "prepared", aborted: false } as const;
const busy: AuthorityState = {
  ...emptyState,
  epoch: 4,
  authorities: [record, { ...plugged, stage: "prepared", chain: [operatorRoot] }],
  made: { root: 2, intermediate: 0 },
  signerId: "root-1",
  servingSignerId: "root-1",
  rotation: { ...rotation, since, leavesUntil: since, unprovenUntil: since, withoutProof: true },
  extraRoots: [operatorRoot],
  pluggedInDigest: "00",
  restoredAt: since,
  crossCertificates: [{ issuerId: "root-1", subjectId: "root-2", certificate: record.certificate }],
  requests: { made: 2, open: [{ id: "request-2", createdAt: since, expiresAt: since }] },
};
const states = [emptyState, busy].map((state) => bytesOf(JSON.stringify(encodeState(state))));

/** The state that the CA reads from its directory at start-up, after a disk fault or a manual edit. */
export const controlState: Target = {
  name: "control-state",
  valid: states,
  inputs: jsonMutants(states),
  check(json) {
    const document = read<unknown>(() => JSON.parse(textOf(json)), isSyntaxError);
    const state = document && read(() => decodeState(document.value), isRefusal);
    if (state === undefined) return "refused";
    const written = JSON.stringify(encodeState(state.value));
    assert.equal(JSON.stringify(encodeState(decodeState(JSON.parse(written)))), written);
    return "accepted";
  },
};

function isSyntaxError(error: unknown): boolean {
  return error instanceof SyntaxError;
}

/** A TypeError that the parser throws on purpose, not one from the runtime. */
function isRefusal(error: unknown): boolean {
  const isOurs = error instanceof TypeError && error.message.startsWith("the control state");
  return isOurs || isMeshError(error);
}
