import { MeshError } from "@kasbah/pki";

/** Why the CA refuses a call, or cannot serve it now. `grpc/status.ts` says what the caller is told for each. */
export type CaErrorCode =
  | "TOKEN_MISSING"
  | "TOKEN_EXPIRED"
  | "TOKEN_AUDIENCE"
  | "TOKEN_ISSUER"
  | "TOKEN_REJECTED"
  | "CALLER_NOT_SERVICE_ACCOUNT"
  | "IMPERSONATION_REFUSED"
  | "AUTHENTICATOR_UNAVAILABLE"
  | "REQUEST_MALFORMED"
  | "CSR_MALFORMED"
  | "CSR_KEY_REJECTED"
  | "CSR_SIGNATURE_INVALID"
  | "TTL_TOO_LONG"
  | "ISSUER_UNAVAILABLE"
  | "LINT_FAILED"
  | "LEDGER_UNAVAILABLE";

/**
 * A call that gets no certificate. The message is for the caller: it names the rule and one fix, and no fact but those of
 * the caller's own request and signature-checked token. What only the operator may know is in `cause`.
 */
export class CaError extends MeshError<CaErrorCode> {}

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
