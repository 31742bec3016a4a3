/** Why a connection ended before its first call. */
export type FailedHandshake =
  /** The client rejected the server's certificate with a TLS alert. */
  | "unknown_root"
  /** For the client, the server's certificate has expired or is not yet valid. */
  | "expired"
  /** A required client certificate was missing. */
  | "no_certificate"
  /** The client's certificate, or its proof that it has the key, is invalid. */
  | "client_certificate"
  /** No TLS version, cipher or application protocol in common, or no TLS at all. */
  | "protocol"
  | "timeout"
  /** The client closed the connection without sending anything, as port scans and TCP health checks do. */
  | "reset"
  /**
   * The client closed the connection once it had the server's certificate, as clients in Node.js do that reject it:
   * they send no alert.
   */
  | "closed"
  /** The client spoke HTTP/2 and made no call. */
  | "no_call"
  | "other";

const patterns: readonly (readonly [RegExp, FailedHandshake])[] = [
  [/ALERT_CERTIFICATE_EXPIRED$/, "expired"],
  [/DID_NOT_RETURN_A_CERTIFICATE$|CERTIFICATE_REQUIRED$|ALERT_NO_CERTIFICATE$/, "no_certificate"],
  [/ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(UNKNOWN|REVOKED))$/, "unknown_root"],
  [/SIGNATURE|CERTIFICATE|KEY_TOO_SMALL|ASN1|X509/, "client_certificate"],
  [/^ERR_TLS_HANDSHAKE_TIMEOUT$/, "timeout"],
  [/^ERR_SSL_/, "protocol"],
];

/** Where the connection ends, it is only known that it ended: the bytes that were read before say more. */
const silentEnds = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * Classifies an error of a TLS connection by its code, which Node.js derives from OpenSSL's reason. Returns undefined
 * if the error only says that the connection ended.
 */
export function failedHandshakeOf(code: unknown): FailedHandshake | undefined {
  if (typeof code !== "string") return "other";
  if (silentEnds.has(code)) return undefined;
  return patterns.find(([pattern]) => pattern.test(code))?.[1] ?? "other";
}
