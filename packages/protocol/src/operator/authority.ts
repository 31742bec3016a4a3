import { kasbah } from "../../generated/messages.js";
import { dateOf, msOf, oneOf, optionalDate } from "./fields.ts";

const wire = kasbah.v1;

export const kinds = ["root", "intermediate"] as const;
export const stages = ["prepared", "distributed", "active", "retiring", "retired"] as const;
const origins = ["self-signed", "plugged-in"] as const;

export type Kind = (typeof kinds)[number];
export type Stage = (typeof stages)[number];

/** The operator's view of an authority. */
export interface AuthorityMessage {
  readonly id: string;
  readonly kind: Kind;
  readonly origin: (typeof origins)[number];
  readonly stage: Stage;
  /** True for the members of the one chain that signs: an intermediate and its root, or a root alone. */
  readonly signs: boolean;
  readonly trusted: boolean;
  readonly fingerprint: string;
  readonly serial: string;
  readonly keyType: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly stageSince: Date;
  /** When the CA starts to replace it automatically. */
  readonly rotatesAt?: Date;
  /** When it retires if it does so beside the rotation in progress. */
  readonly retiresAt?: Date;
  /** What it waits for until then. */
  readonly waitsFor?: string;
  /** Until when a retired authority can be recalled. */
  readonly keyKeptUntil?: Date;
  /** Of an earlier root: until then, clients that hold only this root accept the CA. */
  readonly acceptedUntil?: Date;
  /** No certificate under it expires later. */
  readonly leavesUntil?: Date;
  /** The certificate that moved `leavesUntil` last, if it is known. */
  readonly lastLeaf?: LeafMessage;
  /** When an operator declared its key compromised. */
  readonly distrustedAt?: Date;
}

/** A workload certificate. */
export interface LeafMessage {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notAfter: Date;
}

export function encodeAuthority({ notBefore, notAfter, stageSince, ...rest }: AuthorityMessage) {
  const times = {
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    stageSince: stageSince.getTime(),
  };
  const later = {
    rotatesAt: msOf(rest.rotatesAt),
    retiresAt: msOf(rest.retiresAt),
    keyKeptUntil: msOf(rest.keyKeptUntil),
    leavesUntil: msOf(rest.leavesUntil),
    lastLeaf: encodeLeaf(rest.lastLeaf),
    distrustedAt: msOf(rest.distrustedAt),
    acceptedUntil: msOf(rest.acceptedUntil),
  };
  return { ...rest, ...times, ...later };
}

export function decodeAuthority(message: InstanceType<typeof wire.Authority>): AuthorityMessage {
  const { id, signs, trusted, fingerprint, serial, keyType } = message;
  return {
    id,
    kind: oneOf(kinds, message.kind),
    origin: oneOf(origins, message.origin),
    stage: oneOf(stages, message.stage),
    signs,
    trusted,
    fingerprint,
    serial,
    keyType,
    notBefore: dateOf(message.notBefore),
    notAfter: dateOf(message.notAfter),
    stageSince: dateOf(message.stageSince),
    ...optionalDate("rotatesAt", message.rotatesAt),
    ...optionalDate("retiresAt", message.retiresAt),
    ...(typeof message.waitsFor === "string" ? { waitsFor: message.waitsFor } : {}),
    ...optionalDate("keyKeptUntil", message.keyKeptUntil),
    ...optionalDate("leavesUntil", message.leavesUntil),
    ...optionalLeaf("lastLeaf", message.lastLeaf),
    ...optionalDate("distrustedAt", message.distrustedAt),
    ...optionalDate("acceptedUntil", message.acceptedUntil),
  };
}

export function encodeLeaf(leaf: LeafMessage | undefined) {
  return leaf === undefined ? null : { ...leaf, notAfter: leaf.notAfter.getTime() };
}

export function optionalLeaf<Name extends string>(
  name: Name,
  leaf: kasbah.v1.ILeaf | null | undefined,
): { readonly [K in Name]?: LeafMessage } {
  if (!leaf) return {};
  const { spiffeId, serial, notAfter } = new wire.Leaf(leaf);
  const present: { [K in Name]?: LeafMessage } = {};
  present[name] = { spiffeId, serial, notAfter: dateOf(notAfter) };
  return present;
}
