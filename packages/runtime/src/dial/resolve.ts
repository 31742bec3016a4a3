import { ADDRCONFIG, type LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** Resolves a name to all of its addresses. */
export type ResolveAll = (host: string) => Promise<readonly LookupAddress[]>;

/** By the system's resolver, which reads /etc/hosts and prefers addresses as RFC 6724 requires. */
const systemResolver: ResolveAll = (host) => lookup(host, { all: true, hints: ADDRCONFIG });

/**
 * The addresses to try for a host, each once. The families alternate (RFC 8305 §4), so that a family without a
 * route delays the other by one attempt at most.
 */
export async function addressesOf(
  host: string,
  resolve: ResolveAll = systemResolver,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await resolve(host);
  if (found.length === 0) throw new Error(`the name ${host} has no address`);
  return interleave(found);
}

/** The first address's family comes first. */
export function interleave(found: readonly LookupAddress[]): readonly string[] {
  const preferred = found[0]?.family;
  const [first, second] = [true, false].map((isPreferred) =>
    found.filter(({ family }) => (family === preferred) === isPreferred).map(({ address }) => address),
  ) as [string[], string[]];
  const length = Math.max(first.length, second.length);
  const mixed = Array.from({ length }, (_, i) => [first[i], second[i]]).flat();
  return [...new Set(mixed.filter((address) => address !== undefined))];
}
