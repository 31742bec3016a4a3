import { kasbah } from "../../generated/messages.js";
import type { Codec } from "../codec.ts";
import { type AuthorityMessage, decodeAuthority, encodeAuthority } from "./authority.ts";
import { dateOf, msOf, oneOf, optionalDate } from "./fields.ts";
import { decodeRotation, encodeRotation, type RotationMessage } from "./rotation.ts";

const wire = kasbah.v1;

const rootClientKinds = ["old-root", "unknown"] as const;

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

export const authorityStatusCodec: Codec<AuthorityStatusMessage> = {
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
