import type { AuthorityMessage, AuthorityStatusMessage, RotationMessage } from "@kasbah/protocol";
import { expiryWarnings } from "./expiry/warnings.ts";
import { bridgedUntil } from "./fixed-roots/cross-chain.ts";
import { requestWarnings } from "./requests/warnings.ts";
import {
  type AuthorityState,
  authorityOf,
  isTrusted,
  type RotationState,
} from "./rotation/authority-state.ts";
import type { RotationGate } from "./rotation/gates/rotation-gate.ts";
import { type Retirement, retirementsOf } from "./rotation/retirement.ts";
import { rotatesAt } from "./rotation/rotation-due.ts";
import type { StoredAuthority } from "./rotation/stored-authority.ts";

export interface ReportContext {
  readonly trustDomain: string;
  readonly automatic: boolean;
  readonly gate: RotationGate;
  /** When the key of a retired authority is destroyed; unknown while the CA is stopped. */
  readonly keyKeptUntil?: (authority: StoredAuthority) => Date;
  readonly now: Date;
}

/** The authorities in the order in which an operator reads them. */
export function authorityStatusOf(state: AuthorityState, context: ReportContext): AuthorityStatusMessage {
  const { rotation, restoredAt, requests } = state;
  return {
    trustDomain: context.trustDomain,
    epoch: state.epoch,
    automatic: context.automatic,
    paused: state.hold === "all",
    authorities: state.authorities.map((authority) => viewOf(authority, state, context)),
    ...(rotation === undefined ? {} : { rotation: rotationView(state, rotation, context) }),
    warnings: warningsOf(state, context),
    ...(restoredAt === undefined ? {} : { restoredAt }),
    ...(requests.open.length === 0
      ? {}
      : { requests: requests.open.map(({ id, expiresAt }) => ({ id, expiresAt })) }),
  };
}

function viewOf(authority: StoredAuthority, state: AuthorityState, context: ReportContext): AuthorityMessage {
  const { id, kind, origin, stage, stageSince, certificate } = authority;
  const { leafHorizon, horizonLeaf, distrustedAt } = authority;
  const { fingerprint, serial, publicKey, notBefore, notAfter } = certificate;
  const signs = isInSigningChain(authority, state);
  const mayStart = context.automatic && state.hold === "none" && state.rotation === undefined;
  const rotates = mayStart && signs && origin === "self-signed";
  return {
    id,
    kind,
    origin,
    stage,
    signs,
    trusted: isTrusted(authority),
    fingerprint,
    serial,
    keyType: publicKey.type,
    notBefore,
    notAfter,
    stageSince,
    ...(rotates ? { rotatesAt: rotatesAt(authority) } : {}),
    ...departureOf(authority, state, context),
    ...(leafHorizon.getTime() === 0 ? {} : { leavesUntil: leafHorizon }),
    ...(horizonLeaf === undefined ? {} : { lastLeaf: horizonLeaf }),
    ...(distrustedAt === undefined ? {} : { distrustedAt }),
    ...acceptedUntil(state, id, context.now),
  };
}

/** When a retiring authority retires, and when a retired one loses its key. */
function departureOf(
  authority: StoredAuthority,
  state: AuthorityState,
  { gate, keyKeptUntil, now }: ReportContext,
): Pick<AuthorityMessage, "retiresAt" | "waitsFor" | "keyKeptUntil"> {
  const { stage, hasKey } = authority;
  if (stage === "retired") {
    return hasKey && keyKeptUntil !== undefined ? { keyKeptUntil: keyKeptUntil(authority) } : {};
  }
  const own = retirementsOf(state).find(({ authorities }) => authorities.includes(authority));
  return own === undefined ? {} : { retiresAt: own.leavesUntil, waitsFor: waitOf(own, state, gate, now) };
}

function waitOf(own: Retirement, { hold }: AuthorityState, gate: RotationGate, now: Date): string {
  return hold === "all" ? "paused by the operator" : gate.mayRetire(own, now).reason;
}

/** Absent unless the root has certified a later one. */
function acceptedUntil(state: AuthorityState, id: string, now: Date): { readonly acceptedUntil?: Date } {
  const until = bridgedUntil(state, id, now);
  return until === undefined ? {} : { acceptedUntil: until };
}

function isInSigningChain({ id }: StoredAuthority, state: AuthorityState): boolean {
  return id === state.signerId || id === authorityOf(state, state.signerId).rootId;
}

/** A root rotation is shown by its roots, although their intermediates sign. */
function rotationView(
  state: AuthorityState,
  rotation: RotationState,
  { gate, now }: ReportContext,
): RotationMessage {
  const { kind, from, to, stage, since, aborted } = rotation;
  const shown = (id: string) => (kind === "root" ? authorityOf(state, id).rootId : id);
  const common = { kind, from: shown(from), to: shown(to), stage, since, aborted };
  if (state.hold === "all") return { ...common, mayAdvance: false, reason: "paused by the operator" };
  const answer = gate.mayAdvance(state, rotation, now);
  const { open: mayAdvance, reason } = answer;
  if (answer.open) return { ...common, mayAdvance, reason };
  const { earliest, leaf } = answer;
  return {
    ...common,
    mayAdvance,
    reason,
    ...(earliest === undefined ? {} : { earliest }),
    ...(leaf === undefined ? {} : { leaf }),
  };
}

function warningsOf(state: AuthorityState, { now, automatic }: ReportContext): string[] {
  const warnings = expiryWarnings(state, now).map(({ text }) => text);
  if (state.hold === "all")
    warnings.push("rotations are paused: none starts or advances until an operator resumes them");
  if (state.hold === "starts") {
    warnings.push(
      "a rotation was aborted or an authority recalled: no rotation starts automatically until an operator resumes rotations",
    );
  }
  if (!automatic) warnings.push("rotations only start manually (--root-rotation manual)");
  warnings.push(...requestWarnings(state, now));
  if (state.restoredAt !== undefined) {
    warnings.push(`this CA was restored from a backup at ${state.restoredAt.toISOString()}`);
  }
  return warnings;
}
