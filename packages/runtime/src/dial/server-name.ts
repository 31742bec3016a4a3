import { isIP } from "node:net";

/**
 * The name of a host in certificates, in SNI and in `:authority`. A final dot only tells the resolver that the name
 * is absolute (RFC 6066 §3 forbids it in SNI), and an IPv6 zone is meaningful on this machine only.
 */
export function serverNameOf(host: string): string {
  if (isIP(host) !== 0) return host.replace(/%.*$/, "");
  return host.replace(/\.$/, "");
}

/** RFC 6066 §3: an IP address is not a valid SNI name. */
export function sniOf(serverName: string): string {
  return isIP(serverName) === 0 ? serverName : "";
}
