/**
 * Base class of every coded error of kasbah. Callers branch on `code`, which is stable. The message names the
 * rule that failed and never contains a key, a token or PEM.
 */
export class MeshError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The closed set of error codes of this package. */
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

/** The error that functions of this package throw when they reject their input. */
export class PkiError extends MeshError<PkiErrorCode> {}

/**
 * Runs a parser and translates the codes of its parts into the codes of the whole, so that a caller of
 * `parseCertificateRequest` sees only `CSR_…` codes. Message and cause are kept.
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
