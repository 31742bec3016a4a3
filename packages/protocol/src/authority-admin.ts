import { kasbah } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";

const wire = kasbah.v1;

const kinds = ["root", "intermediate"] as const;
const origins = ["self-signed", "plugged-in"] as const;
const stages = ["prepared", "distributed", "active", "retiring", "retired"] as const;

const rootClientKinds = ["old-root", "unknown"] as const;

type Kind = (typeof kinds)[number];
type Stage = (typeof stages)[number];

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

/** A CSR whose key waits for a signed chain. */
export interface OutstandingRequestMessage {
  readonly id: string;
  readonly expiresAt: Date;
}

/** A client that has not shown that it holds the new root. */
export interface RootClientMessage {
  readonly spiffeId: string;
  readonly address: string;
  /** The user agent of its calls. */
  readonly program: string;
  readonly kind: (typeof rootClientKinds)[number];
  /** The expiry of its latest certificate. */
  readonly until: Date;
}

/** The operator's view of the rotation in progress. */
export interface RotationMessage {
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  readonly stage: Stage;
  readonly since: Date;
  readonly mayAdvance: boolean;
  /** Why the next stage may or may not begin. */
  readonly reason: string;
  /** The earliest time at which the next stage may begin. */
  readonly earliest?: Date;
  /** True while the rotation returns to the previous authority. */
  readonly aborted: boolean;
  /** The certificate that the next stage waits for, if it is known. */
  readonly leaf?: LeafMessage;
}

/** The response to every command about authorities. */
export interface AuthorityStatusMessage {
  readonly trustDomain: string;
  /** Increases with every transition. */
  readonly epoch: number;
  /** Whether the CA starts rotations automatically. */
  readonly automatic: boolean;
  readonly paused: boolean;
  readonly authorities: readonly AuthorityMessage[];
  readonly rotation?: RotationMessage;
  /** One sentence for each condition that needs an operator's attention. */
  readonly warnings: readonly string[];
  /** When the state was restored from a backup. */
  readonly restoredAt?: Date;
  /** Clients that have not shown that they hold the root to which the rotation in progress leads. */
  readonly rootClients?: readonly RootClientMessage[];
  /** Keys that wait for a signed chain. */
  readonly requests?: readonly OutstandingRequestMessage[];
}

/** A message without fields. */
export type NoFields = Readonly<Record<string, never>>;

const status: Codec<AuthorityStatusMessage> = {
  encode: ({ authorities, rotation, restoredAt, warnings, rootClients = [], requests = [], ...rest }) =>
    wire.AuthorityStatus.encode({
      ...rest,
      warnings: [...warnings],
      authorities: authorities.map(encodeAuthority),
      rotation: rotation === undefined ? null : encodeRotation(rotation),
      restoredAt: msOf(restoredAt),
      requests: requests.map(({ id, expiresAt }) => ({ id, expiresAt: expiresAt.getTime() })),
      rootClients: rootClients.map((each) => ({ ...each, until: each.until.getTime() })),
    }).finish(),
  decode: (bytes) => {
    const { trustDomain, epoch, automatic, paused, warnings, ...rest } = wire.AuthorityStatus.decode(bytes);
    return {
      trustDomain,
      epoch,
      automatic,
      paused,
      warnings,
      authorities: rest.authorities.map((each) => decodeAuthority(new wire.Authority(each))),
      ...(rest.rotation ? { rotation: decodeRotation(new wire.Rotation(rest.rotation)) } : {}),
      ...optionalDate("restoredAt", rest.restoredAt),
      ...requestsOf(rest.requests.map((each) => new wire.OutstandingRequest(each))),
      ...rootClientsOf(rest.rootClients.map((each) => new wire.RootClient(each))),
    };
  },
};

function requestsOf(messages: readonly InstanceType<typeof wire.OutstandingRequest>[]) {
  const requests = messages.map(({ id, expiresAt }) => ({ id, expiresAt: dateOf(expiresAt) }));
  return requests.length === 0 ? {} : { requests };
}

function rootClientsOf(messages: readonly InstanceType<typeof wire.RootClient>[]) {
  const rootClients = messages.map(({ spiffeId, address, program, kind, until }) => ({
    ...{ spiffeId, address, program, kind: oneOf(rootClientKinds, kind), until: dateOf(until) },
  }));
  return rootClients.length === 0 ? {} : { rootClients };
}

const noFields: Codec<NoFields> = { encode: () => new Uint8Array(), decode: () => ({}) };

const path = (name: string) => `/kasbah.v1.AuthorityAdmin/${name}`;

export const getAuthorityStatus: Method<NoFields, AuthorityStatusMessage> = {
  path: path("GetStatus"),
  request: noFields,
  response: status,
};

export const rotateAuthority: Method<{ readonly kind: Kind }, AuthorityStatusMessage> = {
  path: path("Rotate"),
  request: {
    encode: ({ kind }) => wire.RotateRequest.encode({ kind }).finish(),
    decode: (bytes) => ({ kind: oneOf(kinds, wire.RotateRequest.decode(bytes).kind) }),
  },
  response: status,
};

export const pauseRotation: Method<NoFields, AuthorityStatusMessage> = {
  path: path("Pause"),
  request: noFields,
  response: status,
};

export const resumeRotation: Method<NoFields, AuthorityStatusMessage> = {
  path: path("Resume"),
  request: noFields,
  response: status,
};

export const recallAuthority: Method<{ readonly id: string }, AuthorityStatusMessage> = {
  path: path("Recall"),
  request: {
    encode: ({ id }) => wire.RecallRequest.encode({ id }).finish(),
    decode: (bytes) => ({ id: wire.RecallRequest.decode(bytes).id }),
  },
  response: status,
};

export const continueRotation: Method<NoFields, AuthorityStatusMessage> = {
  path: path("ContinueRotation"),
  request: noFields,
  response: status,
};

/** A CSR for the company's PKI. */
export interface NewRequestMessage extends OutstandingRequestMessage {
  readonly csrPem: string;
}

export const requestAuthority: Method<NoFields, NewRequestMessage> = {
  path: path("CreateRequest"),
  request: noFields,
  response: {
    encode: ({ expiresAt, ...rest }) =>
      wire.CreateRequestResponse.encode({ ...rest, expiresAt: expiresAt.getTime() }).finish(),
    decode: (bytes) => {
      const { id, csrPem, expiresAt } = wire.CreateRequestResponse.decode(bytes);
      return { id, csrPem, expiresAt: dateOf(expiresAt) };
    },
  },
};

/** A signed chain in PEM. */
export interface SignedChainMessage {
  readonly chainPem: string;
  /** "" if the chain contains the root, or the CA uses it. */
  readonly rootsPem: string;
}

export const adoptAuthorityChain: Method<SignedChainMessage, AuthorityStatusMessage> = {
  path: path("AdoptChain"),
  request: {
    encode: (signed) => wire.AdoptChainRequest.encode(signed).finish(),
    decode: (bytes) => {
      const { chainPem, rootsPem } = wire.AdoptChainRequest.decode(bytes);
      return { chainPem, rootsPem };
    },
  },
  response: status,
};

export const abortRotation: Method<{ readonly ifEpoch?: number }, AuthorityStatusMessage> = {
  path: path("Abort"),
  request: {
    encode: ({ ifEpoch }) => wire.AbortRequest.encode({ ifEpoch: ifEpoch ?? null }).finish(),
    decode: (bytes) => {
      const { ifEpoch } = wire.AbortRequest.decode(bytes);
      return typeof ifEpoch === "number" ? { ifEpoch } : {};
    },
  },
  response: status,
};

function encodeAuthority({ notBefore, notAfter, stageSince, ...rest }: AuthorityMessage) {
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

function decodeAuthority(message: InstanceType<typeof wire.Authority>): AuthorityMessage {
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

function encodeRotation({ since, earliest, leaf, ...rest }: RotationMessage) {
  return { ...rest, since: since.getTime(), earliest: msOf(earliest), leaf: encodeLeaf(leaf) };
}

function encodeLeaf(leaf: LeafMessage | undefined) {
  return leaf === undefined ? null : { ...leaf, notAfter: leaf.notAfter.getTime() };
}

function decodeRotation(message: InstanceType<typeof wire.Rotation>): RotationMessage {
  const { from, to, mayAdvance, reason, aborted } = message;
  return {
    kind: oneOf(kinds, message.kind),
    from,
    to,
    stage: oneOf(stages, message.stage),
    since: dateOf(message.since),
    mayAdvance,
    reason,
    aborted,
    ...optionalDate("earliest", message.earliest),
    ...optionalLeaf("leaf", message.leaf),
  };
}

/** A 64-bit integer in the generated code: a number, or an object that converts to one. */
type Milliseconds = typeof wire.Rotation.prototype.since;

function dateOf(ms: Milliseconds): Date {
  return new Date(Number(ms));
}

function msOf(date: Date | undefined): number | null {
  return date === undefined ? null : date.getTime();
}

function optionalDate<Name extends string>(
  name: Name,
  ms: Milliseconds | null | undefined,
): { readonly [K in Name]?: Date } {
  const present: { [K in Name]?: Date } = {};
  if (ms !== null && ms !== undefined) present[name] = dateOf(ms);
  return present;
}

function optionalLeaf<Name extends string>(
  name: Name,
  leaf: kasbah.v1.ILeaf | null | undefined,
): { readonly [K in Name]?: LeafMessage } {
  if (!leaf) return {};
  const { spiffeId, serial, notAfter } = new wire.Leaf(leaf);
  const present: { [K in Name]?: LeafMessage } = {};
  present[name] = { spiffeId, serial, notAfter: dateOf(notAfter) };
  return present;
}

function oneOf<T extends string>(words: readonly T[], text: string): T {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new TypeError(`expected one of ${words.join(", ")}`);
  return found;
}
