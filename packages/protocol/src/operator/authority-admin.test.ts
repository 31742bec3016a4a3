import assert from "node:assert/strict";
import fc from "fast-check";
import { kasbah } from "../../generated/messages.js";
import {
  type AuthorityMessage,
  type AuthorityStatusMessage,
  abortRotation,
  getAuthorityStatus,
  type RootClientMessage,
  type RotationMessage,
  rotateAuthority,
} from "../index.ts";

const { response } = getAuthorityStatus;

const date = fc.date({ noInvalidDate: true });
const kind = fc.constantFrom("root", "intermediate");
const stage = fc.constantFrom("prepared", "distributed", "active", "retiring", "retired");

const leaf = fc
  .record({ spiffeId: fc.string(), serial: fc.string(), notAfter: date })
  .map((one) => ({ ...one }));

/** Generates objects with all required properties and any subset of the optional ones. */
function withOptional<Always, Maybe>(
  always: { readonly [K in keyof Always]: fc.Arbitrary<Always[K]> },
  maybe: { readonly [K in keyof Maybe]: fc.Arbitrary<Maybe[K]> },
) {
  const rest = fc.record<Maybe, never>(maybe, { requiredKeys: [] });
  return fc.tuple(fc.record<Always>(always), rest).map(([one, other]) => ({ ...one, ...other }));
}

const authority: fc.Arbitrary<AuthorityMessage> = withOptional(
  {
    id: fc.string(),
    kind,
    origin: fc.constantFrom("self-signed", "plugged-in"),
    stage,
    signs: fc.boolean(),
    trusted: fc.boolean(),
    fingerprint: fc.string(),
    serial: fc.string(),
    keyType: fc.string(),
    notBefore: date,
    notAfter: date,
    stageSince: date,
  },
  { rotatesAt: date, acceptedUntil: date, leavesUntil: date, lastLeaf: leaf, distrustedAt: date },
);

const rotation: fc.Arbitrary<RotationMessage> = withOptional(
  {
    kind,
    from: fc.string(),
    to: fc.string(),
    stage,
    since: date,
    mayAdvance: fc.boolean(),
    reason: fc.string({ unit: "binary" }),
    aborted: fc.boolean(),
  },
  { earliest: date, leaf },
);

const request = fc.record({ id: fc.string(), expiresAt: date }, { noNullPrototype: true });

const rootClient: fc.Arbitrary<RootClientMessage> = fc.record(
  {
    spiffeId: fc.string(),
    address: fc.string(),
    program: fc.string(),
    kind: fc.constantFrom("old-root", "unknown"),
    until: date,
  },
  { noNullPrototype: true },
);

const status: fc.Arbitrary<AuthorityStatusMessage> = withOptional(
  {
    trustDomain: fc.string(),
    epoch: fc.nat(),
    automatic: fc.boolean(),
    paused: fc.boolean(),
    authorities: fc.array(authority, { maxLength: 4 }),
    warnings: fc.array(fc.string(), { maxLength: 3 }),
  },
  {
    rotation,
    restoredAt: date,
    rootClients: fc.array(rootClient, { minLength: 1, maxLength: 3 }),
    requests: fc.array(request, { minLength: 1, maxLength: 2 }),
  },
);

describe("AuthorityAdmin messages", () => {
  it("refuses words that are not in the glossary, and an authority without any", () => {
    const bytes = (fields: { stage?: string }) => {
      const words = { kind: "root", origin: "self-signed", ...fields };
      return kasbah.v1.AuthorityStatus.encode({ authorities: [words] }).finish();
    };
    assert.throws(() => response.decode(bytes({ stage: "ACTIVE" })), /expected one of prepared/);
    assert.throws(() => response.decode(bytes({})), TypeError);
    const unknown = kasbah.v1.RotateRequest.encode({ kind: "leaf" }).finish();
    assert.throws(() => rotateAuthority.request.decode(unknown), /expected one of root, intermediate/);
    assert.throws(() => rotateAuthority.request.decode(new Uint8Array()), TypeError);
  });

  it("distinguishes epoch 0 from a missing epoch, and the first moment of 1970 from a missing time", () => {
    const { request } = abortRotation;
    assert.deepEqual(request.decode(request.encode({})), {});
    assert.deepEqual(request.decode(request.encode({ ifEpoch: 0 })), { ifEpoch: 0 });
    const idle = {
      trustDomain: "t",
      epoch: 0,
      automatic: true,
      paused: false,
      authorities: [],
      warnings: [],
    };
    const restored = { ...idle, restoredAt: new Date(0) };
    assert.deepEqual(response.decode(response.encode(restored)), restored);
    assert.deepEqual(response.decode(response.encode(idle)), idle);
  });

  it("decodes every encoded status to the same value, times to the millisecond", () => {
    fc.assert(
      fc.property(status, (sent) => {
        const received = response.decode(response.encode(sent));
        assert.deepEqual(received, sent);
      }),
      { numRuns: 100 },
    );
  });
});
