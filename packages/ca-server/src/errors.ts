import { MeshError } from "@kasbah/pki";

/** Why the CA refuses a call, or cannot serve it now. `grpc/status-table.ts` maps each to what the caller sees. */
export type CaErrorCode =
  | "TOKEN_MISSING"
  | "TOKEN_EXPIRED"
  | "TOKEN_AUDIENCE"
  | "TOKEN_ISSUER"
  | "TOKEN_REJECTED"
  | "CALLER_NOT_SERVICE_ACCOUNT"
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
  | "LINT_FAILED"
  | "LEDGER_UNAVAILABLE";

/** What a refusal can say beside its sentence; all of it is told to the caller. */
export interface RefusalFacts {
  /** What would have been accepted. */
  readonly expected?: string;
  /** What the caller's own request, or its own credential whose signature was checked, says instead. */
  readonly seen?: string;
  /** One thing to do about it. */
  readonly fix?: string;
  /** The rule of the policy that decided. */
  readonly rule?: string;
}

export interface CaErrorOptions extends RefusalFacts {
  /** What only the operator may know. */
  readonly cause?: unknown;
  /** When trying again may help, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * A call that gets no certificate. The message is for the caller: it names the rule that failed, what was expected and
 * seen, and one fix; and no fact but those of the caller's own request and signature-checked credential.
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

/** Why the server does not start on the state directory it was given. */
export type StateErrorCode =
  | "AUTHORITY_INCOMPLETE"
  | "AUTHORITY_MALFORMED"
  | "AUTHORITY_KEY_EXPOSED"
  | "AUTHORITY_MISMATCH"
  | "AUTHORITY_EXPIRED"
  | "PLUGGED_IN_INCOMPLETE"
  | "PLUGGED_IN_REJECTED"
  | "KEY_PASSPHRASE_MISSING"
  | "KEY_PASSPHRASE_WRONG"
  | "STATE_MISSING"
  | "STATE_DAMAGED"
  | "STATE_NOT_DURABLE"
  | "STATE_IN_USE"
  | "STATE_LOCKED"
  | "BACKUP_EXISTS"
  | "BACKUP_MALFORMED";

/** A state directory that must not be used as it stands; the message names the file and what to do. */
export class StateError extends MeshError<StateErrorCode> {}

/** An operator's command that the state of the authorities does not allow; the message says why and what would. */
export class OperationError extends MeshError<"OPERATION_REFUSED"> {
  constructor(message: string) {
    super("OPERATION_REFUSED", message);
  }
}

/** A key set that can not be used; the message holds nothing of the set, whose place may hold a secret by mistake. */
export class JwksError extends MeshError<"JWKS_UNUSABLE"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("JWKS_UNUSABLE", message, options);
  }
}

/** An https exchange that failed before its answer could be used; the message holds nothing of the answer. */
export class HttpsError extends MeshError<"HTTPS_FAILED"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("HTTPS_FAILED", message, options);
  }
}

/** A file that can not be used; each problem names its line. */
class FileError<Code extends string> extends MeshError<Code> {
  readonly problems: readonly string[];

  constructor(code: Code, message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super(code, [message, ...problems].join("\n  "), options);
    this.problems = problems;
  }
}

/** A policy that can not be used. */
export class PolicyError extends FileError<"POLICY_INVALID"> {
  constructor(message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super("POLICY_INVALID", message, problems, options);
  }
}

/** A list of issuers of tokens that can not be used. */
export class TokenIssuersError extends FileError<"TOKEN_ISSUERS_INVALID"> {
  constructor(message: string, problems: readonly string[], options?: { cause?: unknown }) {
    super("TOKEN_ISSUERS_INVALID", message, problems, options);
  }
}
