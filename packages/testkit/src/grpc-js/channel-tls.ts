import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import type { HostPort } from "@kasbah/runtime";

/**
 * grpc-js passes an IP address to Node as the SNI name, which Node 26 rejects (RFC 6066 §3), so this
 * placeholder replaces it.
 */
const sniForAddresses = "address.invalid";

/**
 * TLS to `address` that trusts only `rootsPem`. The certificate of a server dialed by IP address must contain
 * the address.
 */
export function channelTls(
  { host }: HostPort,
  rootsPem: string,
): { readonly credentials: ChannelCredentials; readonly options: ChannelOptions } {
  const roots = Buffer.from(rootsPem);
  if (isIP(host) === 0) return { credentials: credentials.createSsl(roots), options: {} };
  const byAddress = {
    checkServerIdentity: (_sni: string, peer: PeerCertificate) => checkServerIdentity(host, peer),
  };
  return {
    credentials: credentials.createSsl(roots, null, null, byAddress),
    options: { "grpc.ssl_target_name_override": sniForAddresses },
  };
}
