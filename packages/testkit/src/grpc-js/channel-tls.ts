import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import type { HostPort } from "@kasbah/runtime";

/** grpc-js hands an IP address to Node as the SNI name, which Node 26 refuses (RFC 6066 §3): a name that means nothing. */
const sniForAddresses = "address.invalid";

/** TLS to `address` under `rootsPem` alone. A server that is dialled by IP address must have that address as a name. */
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
