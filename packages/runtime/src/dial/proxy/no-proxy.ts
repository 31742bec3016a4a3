import { BlockList, isIP, isIPv6 } from "node:net";
import type { HostPort } from "../../address.ts";
import { serverNameOf } from "../server-name.ts";

/**
 * Whether the entries of `NO_PROXY` cover a target. They are read as Go and Kubernetes read them: `*`, a domain, which
 * covers the names below it as well, a domain with a leading dot or `*.`, which covers only those, an address, and
 * a network. Each but the first and the last may have a port. Names are compared without case and final dot.
 */
export function bypassesProxy(entries: readonly string[], target: HostPort): boolean {
  const host = serverNameOf(target.host).toLowerCase();
  return entries.some((entry) => covers(entry.trim().toLowerCase(), host, target.port));
}

function covers(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return networkCovers(entry, host);
  const { pattern, onlyPort } = splitPort(entry);
  if (pattern === "" || (onlyPort !== undefined && onlyPort !== port)) return false;
  if (isIP(host) !== 0) return isIP(pattern) !== 0 && isSameAddress(pattern, host);
  const domain = pattern.replace(/^\*/, "").replace(/\.$/, "");
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): { readonly pattern: string; readonly onlyPort: number | undefined } {
  if (isIPv6(entry)) return { pattern: entry, onlyPort: undefined };
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  return { pattern: bracketed ?? plain ?? "", onlyPort: port === undefined ? undefined : Number(port) };
}

function networkCovers(entry: string, host: string): boolean {
  const [, network = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(network);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return isIP(host) !== 0 && list.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** An IPv6 address has several spellings. */
function isSameAddress(one: string, other: string): boolean {
  const list = new BlockList();
  list.addAddress(one, isIPv6(one) ? "ipv6" : "ipv4");
  return list.check(other, isIPv6(other) ? "ipv6" : "ipv4");
}
