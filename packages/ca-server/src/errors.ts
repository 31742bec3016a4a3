import { MeshError } from "@kasbah/pki";

/**
 * The reasons why the CA refuses a call or cannot serve it now. `grpc/status-table.ts` defines the reply for
 * each.
 */
export type CaErrorCode =
  | "TOKEN_MISSING"
  | "TOKEN_EXPIRED"
  | "TOKEN_AUDIENCE"
  | "TOKEN_ISSUER"
  | "OUTSIDE_ISSUER_SCOPE"
  | "TOKEN_REJECTED"
  | "CALLER_NOT_SERVICE_ACCOUNT"
  | "CALLER_DELETED"
  | "CLIENT_CERTIFICATE_REJECTED"
  | "CREDENTIALS_CONFLICT"
  | "IMPERSONATION_REFUSED"
  | "AUTHENTICATOR_UNAVAILABLE"
  | "IDENTITY_NOT_ALLOWED"
  | "RATE_LIMITED"
  | "OVERLOADED"
  | "REQUEST_MALFORMED"
  | "CSR_MALFORMED"
  | "CSR_KEY_REJECTED"
  | "CSR_SIGNATURE_INVALID"
  | "CSR_IDENTITY_MISMATCH"
  | "TTL_TOO_LONG"
  | "ISSUER_UNAVAILABLE"
  | "CLOCK_SUSPECT"
  | "LINT_FAILED"
  | "LEDGER_UNAVAILABLE";

/** The facts of a refusal in addition to its message. The caller gets all of them. */
export interface RefusalFacts {
  /** What the CA would have accepted. */
  readonly expected?: string;
  /**
   * The actual value, from the caller's own request or from its own credential after its signature was
   * verified.
   */
  readonly seen?: string;
  /** One action that fixes the problem. */
  readonly fix?: string;
  /** The policy rule that decided. */
  readonly rule?: string;
}

export interface CaErrorOptions extends RefusalFacts {
  /** The underlying error, which only operators may see. */
  readonly cause?: unknown;
  /** How long the caller should wait before it retries, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * A call that the CA refuses. The message is for the caller: the rule that failed, the expected and the
 * actual value, and one fix. It contains no facts except those of the caller's own request and verified
 * credential.
 */
export class CaError extends MeshError<CaErrorCode> {
  /** The first clause of the message. */
  readonly problem: string;
  readonly facts: RefusalFacts;
  readonly retryAfterMs: number | undefined;

  constructor(code: CaErrorCode, problem: string, options: CaErrorOptions = {}) {
    const { cause, retryAfterMs, ...facts } = options;
    super(code, sentenceOf(problem, facts), { cause });
    this.problem = problem;
    this.facts = facts;
    this.retryAfterMs = retryAfterMs;
  }
}

function sentenceOf(problem: string, { expected, seen, fix, rule }: RefusalFacts): string {
  const clauses = [
    problem,
    ...(rule === undefined ? [] : [`by the rule ${rule}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(seen === undefined ? [] : [`seen ${seen}`]),
  ];
  return `${clauses.join(", ")}${fix === undefined ? "" : `: ${fix}`}`;
}

/** The reasons why the server does not start on its state directory. */
export type StateErrorCode =
  | "AUTHORITY_INCOMPLETE"
  | "AUTHORITY_MALFORMED"
  | "AUTHORITY_KEY_EXPOSED"
  | "AUTHORITY_MISMATCH"
  | "PLUGGED_IN_INCOMPLETE"
  | "PLUGGED_IN_REJECTED"
  | "REHEARSAL_FAILED"
  | "KEY_PASSPHRASE_MISSING"
  | "KEY_PASSPHRASE_WRONG"
  | "STATE_MISSING"
  | "STATE_DAMAGED"
  | "STATE_NOT_DURABLE"
  | "STATE_CONFLICT"
  | "STATE_IN_USE"
  | "STATE_LOCKED"
  | "BACKUP_EXISTS"
  | "BACKUP_MALFORMED";

/** A state directory that must not be used as it is. The message names the file and the fix. */
export class StateError extends MeshError<StateErrorCode> {}

/**
 * An operator's command that the state of the authorities does not allow. The message names the reason and an
 * alternative.
 */
export class OperationError extends MeshError<"OPERATION_REFUSED"> {
  constructor(message: string) {
    super("OPERATION_REFUSED", message);
  }
}

/**
 * A key set that cannot be used. The message quotes nothing of the set, because its location may contain a
 * secret by mistake.
 */
export class JwksError extends MeshError<"JWKS_UNUSABLE"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("JWKS_UNUSABLE", message, options);
  }
}

/**
 * An HTTPS exchange that failed before its response could be used. The message quotes nothing of the
 * response.
 */
export class HttpsError extends MeshError<"HTTPS_FAILED"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("HTTPS_FAILED", message, options);
  }
}

/** A file that cannot be used. Each problem names its line. */
class FileError<Code extends string> extends MeshError<Code> {
  readonly problems: readonly string[];

  constructor(code: Code, message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super(code, [message, ...problems].join("\n  "), options);
    this.problems = problems;
  }
}

/** A policy that cannot be used. */
export class PolicyError extends FileError<"POLICY_INVALID"> {
  constructor(message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super("POLICY_INVALID", message, problems, options);
  }
}

/** A list of token issuers that cannot be used. */
export class TokenIssuersError extends FileError<"TOKEN_ISSUERS_INVALID"> {
  constructor(message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super("TOKEN_ISSUERS_INVALID", message, problems, options);
  }
}
