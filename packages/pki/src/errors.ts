/**
 * Base of every coded error of kasbah. Callers branch on `code`, which is stable; the message names the rule
 * that failed and never holds a key, a token or PEM.
 */
export class MeshError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The closed set of refusals of this package. */
export type PkiErrorCode =
  | "SPIFFE_ID_MALFORMED"
  | "PEM_MALFORMED"
  | "DER_MALFORMED"
  | "KEY_MALFORMED"
  | "KEY_REJECTED"
  | "KEY_ENCRYPTED"
  | "KEY_PASSPHRASE_WRONG"
  | "CSR_MALFORMED"
  | "CSR_KEY_REJECTED"
  | "CSR_SIGNATURE_INVALID"
  | "CERTIFICATE_MALFORMED"
  | "CHAIN_INVALID"
  | "LINT_FAILED";

/** What every function of this package throws when it refuses its input. */
export class PkiError extends MeshError<PkiErrorCode> {}

/**
 * Runs a parser of a whole and gives refusals of its parts the code of the whole, so that a caller of
 * `parseCertificateRequest` meets `CSR_…` codes only. The message and the cause stay.
 */
export function withCodes<T>(codes: Partial<Record<PkiErrorCode, PkiErrorCode>>, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const code = error instanceof PkiError ? codes[error.code] : undefined;
    if (code === undefined || !(error instanceof PkiError)) throw error;
    throw new PkiError(code, error.message, { cause: error });
  }
}
