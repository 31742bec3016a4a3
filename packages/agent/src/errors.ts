import { MeshError } from "@kasbah/pki";

/** Every way the agent fails, by a name that stays the same. */
export type AgentErrorCode =
  | "TOKEN_UNREADABLE"
  | "TOKEN_EMPTY"
  | "ROOTS_UNREADABLE"
  | "CA_UNREACHABLE"
  | "CA_UNAVAILABLE"
  | "CA_REFUSED"
  | "CA_REPLY_INVALID"
  | "CONFIG_INVALID"
  | "REQUEST_MALFORMED"
  | "NODE_MISSING"
  | "RESOURCE_UNKNOWN";

export interface AgentErrorOptions {
  readonly cause?: unknown;
  /** How long the CA asks us to wait before the next call, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A failure of the agent's own. Its message never holds a key, a token or a PEM. */
export class AgentError extends MeshError<AgentErrorCode> {
  readonly retryAfterMs: number | undefined;

  constructor(code: AgentErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(code, message, options);
    this.name = "AgentError";
    this.retryAfterMs = options.retryAfterMs;
  }
}
