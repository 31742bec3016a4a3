import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** A server that was not trusted. No byte of a request was sent to it. */
export interface ServerRejection {
  /** Its certificates in DER, as it sent them: its own first. */
  readonly chain: readonly Uint8Array[];
  /** Node's code for the reason, such as CERT_HAS_EXPIRED. */
  readonly code: string;
}

/** More than any chain that a client accepts. */
const maxChainLength = 16;

/**
 * Calls `onRejection` if the certificate of the server does not verify. Node closes the connection before it reports
 * the error, so the certificates are kept at the end of the handshake. Without the event `secure`, which comes before
 * `secureConnect`, only the explanation would be missing.
 */
export function watchRejection(socket: TLSSocket, onRejection: (rejection: ServerRejection) => void): void {
  let chain: readonly Uint8Array[] = [];
  socket.prependOnceListener("secure", () => {
    chain = serverChainOf(socket);
  });
  socket.once("secureConnect", () => {
    chain = [];
  });
  socket.once("error", (error: Error & { code?: unknown }) => {
    if (chain.length > 0) onRejection({ chain, code: String(error.code ?? error.message) });
  });
}

/** The certificates of the server in DER: its own, then each one's issuer as far as known. */
export function serverChainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let one = presentedCertificate(socket);
  for (; one !== undefined && chain.length < maxChainLength; one = one.issuerCertificate) chain.push(one.raw);
  return chain;
}

const presented = new WeakMap<TLSSocket, X509Certificate>();

/**
 * The certificate that the server presented, with its issuers as far as known. The only call of `getPeerX509Certificate`
 * for a connection: Node 24 takes the certificate out of a client's connection, so that a second call, and Node's own
 * check of the name, find none.
 */
export function presentedCertificate(socket: TLSSocket): X509Certificate | undefined {
  const certificate = presented.get(socket) ?? socket.getPeerX509Certificate();
  if (certificate !== undefined) presented.set(socket, certificate);
  return certificate;
}
