import { MeshError } from "@kasbah/pki";

/** All error codes of the agent. They are stable. */
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
  | "CA_IDENTITY_MISMATCH"
  | "MOUNTED_CERTS_INVALID"
  | "CACHED_SECRET_INVALID"
  | "CACHED_SECRET_NOT_YET_VALID"
  | "OUTPUT_PATH_BLOCKED"
  | "OUTPUT_DIRECTORY_IN_USE"
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
  | "AGENT_REPLY_INVALID"
  | "ROTATION_UNSUPPORTED"
  | "CERTIFICATE_NOT_OBTAINED";

/** The rule that a CA's reply broke. The values are labels of a metric and are stable. */
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

/** The CA's machine-readable reason for refusing a certificate (docs/refusals.md). */
export interface CaRefusal {
  readonly code: string;
  /** Identifies the call in the CA's records: `kasbah why <reference>`. */
  readonly referenceId?: string;
  /** The W3C trace id of the call at the CA, if the CA traces calls. */
  readonly traceId?: string;
  readonly fix?: string;
}

export interface AgentErrorOptions {
  readonly cause?: unknown;
  /** How long the CA asks the agent to wait before the next call, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly refusal?: CaRefusal;
  /** Set for CA_REPLY_INVALID. */
  readonly replyFault?: ReplyFault;
}

/** An error of the agent. Its message never contains a key, a token or PEM. */
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
