import { kasbah } from "../../generated/messages.js";
import type { Method } from "../codec.ts";
import { type Kind, kinds } from "./authority.ts";
import {
  type AuthorityStatusMessage,
  type OutstandingRequestMessage,
  authorityStatusCodec as status,
} from "./authority-status.ts";
import { dateOf, type NoFields, noFields, oneOf } from "./fields.ts";

const wire = kasbah.v1;

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
