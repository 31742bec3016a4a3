import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** Longer chains are cut, because every verifier rejects them. */
const maxLength = 6;

type Peer = Pick<TLSSocket, "getPeerX509Certificate">;

/** Node 24 takes the certificates out of the connection when it returns them, so each connection is read once. */
const presented = new WeakMap<Peer, readonly Uint8Array[]>();

/** The certificates that a TLS peer presented, leaf first, in DER. They may be unverified. */
export function peerCertificatesOf(socket: Peer): readonly Uint8Array[] {
  const certificates = presented.get(socket) ?? readCertificates(socket);
  presented.set(socket, certificates);
  return certificates;
}

function readCertificates(socket: Peer): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: X509Certificate | undefined = socket.getPeerX509Certificate?.();
  while (next !== undefined && chain.length < maxLength) {
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}
