import { isIPv4, isIPv6 } from "node:net";
import { RuntimeError } from "./errors.ts";

/**
 * A TCP address. `host` is a name, an IPv4 address or an IPv6 address without brackets; with port 0, the
 * system chooses one. A name may end with a dot, which makes it absolute: no search domain is appended to it.
 */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const longestName = 253;
/** RFC 1123 forbids underscores, but container networks assign such names. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Parses `127.0.0.1:15012`, `[::1]:15012` or `name:15012`. Throws `ADDRESS_MALFORMED`. */
export function parseHostPort(text: string): HostPort {
  const colon = text.lastIndexOf(":");
  const host = parseHost(text.slice(0, Math.max(colon, 0)));
  const port = parsePort(text.slice(colon + 1));
  if (host === undefined || port === undefined) {
    throw new RuntimeError(
      "ADDRESS_MALFORMED",
      "expected host:port such as 127.0.0.1:15012, [::1]:15012 or ca.example:15012",
    );
  }
  return { host, port };
}

/** Parses a host without a port; an IPv6 address may be in brackets. Throws `ADDRESS_MALFORMED`. */
export function parseHostName(text: string): string {
  const host = isIPv6(text) ? parseHost(`[${text}]`) : parseHost(text);
  if (host !== undefined) return host;
  throw new RuntimeError("ADDRESS_MALFORMED", "expected a DNS name or an IP address, without a port");
}

/** The format that `parseHostPort` reads, with IPv6 addresses in brackets. */
export function formatHostPort(address: HostPort): string {
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

function parseHost(text: string): string | undefined {
  if (text.startsWith("[") && text.endsWith("]")) {
    const address = text.slice(1, -1);
    // A zone (fe80::1%eth0) is meaningful on this machine only, but link-local addresses need one.
    return isIPv6(address) && /^[^%]+(?:%[a-z0-9._-]{1,15})?$/i.test(address) ? address : undefined;
  }
  return isIPv4(text) || isName(text) ? text : undefined;
}

function isName(text: string): boolean {
  const name = text.replace(/\.$/, "");
  if (name.length > longestName) return false;
  const labels = name.split(".");
  // A last label of digits only is a mistyped IPv4 address (RFC 1123 section 2.1).
  return labels.every((part) => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? "");
}

function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
