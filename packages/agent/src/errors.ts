import { MeshError } from "@kasbah/pki";

/** Every way the agent fails, by a name that stays the same. */
export type AgentErrorCode =
  | "TOKEN_UNREADABLE"
  | "TOKEN_EMPTY"
  | "TOKEN_EXPIRED"
  | "ROOTS_UNREADABLE"
  | "FILE_REFUSED"
  | "FILE_UNREADABLE"
  | "FILE_INVALID"
  | "CA_UNREACHABLE"
  | "CA_UNAVAILABLE"
  | "CA_REFUSED"
  | "CA_REPLY_INVALID"
  | "MOUNTED_CERTS_INVALID"
  | "CACHED_SECRET_INVALID"
  | "CACHED_SECRET_NOT_YET_VALID"
  | "CONFIG_INVALID"
  | "REQUEST_MALFORMED"
  | "NODE_MISSING"
  | "RESOURCE_UNKNOWN"
  | "RESOURCE_NOT_READY"
  | "SDS_BUSY"
  | "CLIENT_TOO_SLOW"
  | "WORKLOAD_HEADER_MISSING"
  | "WORKLOAD_SECRET_EXPIRED"
  | "WORKLOAD_METHOD_UNSUPPORTED"
  | "WORKLOAD_API_BUSY"
  | "WORKLOAD_API_STOPPING"
  | "AGENT_UNREACHABLE"
  | "AGENT_NOT_READY"
  | "AGENT_REPLY_INVALID";

/** Which rule a reply of the CA broke; these are labels of a metric and stay the same. */
export type ReplyFault =
  | "empty"
  | "no_roots"
  | "too_large"
  | "malformed"
  | "wrong_key"
  | "wrong_name"
  | "ca_leaf"
  | "no_eku"
  | "out_of_order"
  | "extra_certificates"
  | "unknown_root"
  | "chain_invalid"
  | "roots_incomplete"
  | "not_yet_valid"
  | "expired";

/** Why the CA gave no certificate, in its own words for programs (docs/refusals.md). */
export interface CaRefusal {
  readonly code: string;
  /** Finds the call in the CA's records: `kasbah why <reference>`. */
  readonly referenceId?: string;
  readonly fix?: string;
}

export interface AgentErrorOptions {
  readonly cause?: unknown;
  /** How long the CA asks us to wait before the next call, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly refusal?: CaRefusal;
  /** Of CA_REPLY_INVALID. */
  readonly replyFault?: ReplyFault;
}

/** A failure of the agent's own. Its message never holds a key, a token or a PEM. */
export class AgentError extends MeshError<AgentErrorCode> {
  readonly retryAfterMs: number | undefined;
  readonly refusal: CaRefusal | undefined;
  readonly replyFault: ReplyFault | undefined;

  constructor(code: AgentErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.refusal = options.refusal;
    this.replyFault = options.replyFault;
  }
}
