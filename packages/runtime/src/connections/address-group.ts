import { isIPv6, SocketAddress } from "node:net";

/**
 * The part of an address that one host controls. A host usually owns a whole IPv6 /64, so its addresses count as
 * one; an IPv4 address mapped into IPv6 is the IPv4 address.
 */
export function addressGroup(address: string): string {
  // Node's test of an IPv6 address is slow, and each connection and call asks.
  if (!address.includes(":") || !isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const bare = address.split("%", 1)[0] ?? "";
  return `${groupsOf(new SocketAddress({ address: bare, family: "ipv6" }).address)
    .slice(0, 4)
    .join(":")}::/64`;
}

/** The eight groups of an IPv6 address, of which `::` replaces one or more. */
function groupsOf(address: string): readonly string[] {
  const [head = "", tail] = address.split("::", 2);
  const first = head === "" ? [] : head.split(":");
  if (tail === undefined) return first;
  const last = tail === "" ? [] : tail.split(":");
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => "0"), ...last];
}
