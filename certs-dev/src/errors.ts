export type CertsDevErrorCode = "USAGE" | "ISSUER_EXISTS" | "ISSUER_MISSING" | "DIRECTORY_OPEN";

/** An error of certs-dev; `code` is stable, the message is for people. */
export class CertsDevError extends Error {
  readonly code: CertsDevErrorCode;

  constructor(code: CertsDevErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "CertsDevError";
    this.code = code;
  }
}
