import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** Longer chains are cut, because every verifier rejects them. */
const maxLength = 6;

/** The certificates that a TLS peer presented, leaf first, in DER. They may be unverified. */
export function peerCertificatesOf(socket: Pick<TLSSocket, "getPeerX509Certificate">): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate?.();
  while (next !== undefined && chain.length < maxLength) {
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}
