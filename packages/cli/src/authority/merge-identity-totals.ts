import { crc32 } from "node:zlib";
import type { IdentityTotalsMessage, LateIdentityMessage } from "@kasbah/protocol";

const mostListed = 20;
const hashBytes = 4;

/** The identities of all replicas, of which one may have renewed what is late at another. */
export function mergeIdentityTotals(totals: readonly IdentityTotalsMessage[]): IdentityTotalsMessage {
  const fresh = new Set(totals.flatMap(({ fresh: hashes = "" }) => [...hashesIn(hashes)]));
  const newest = new Map<string, LateIdentityMessage>();
  for (const one of totals.flatMap(({ soonest }) => soonest)) {
    const known = newest.get(one.spiffeId);
    if (!fresh.has(crc32(one.spiffeId)) && (known === undefined || known.notAfter < one.notAfter))
      newest.set(one.spiffeId, one);
  }
  const soonest = [...newest.values()].sort(
    (one, other) => one.notAfter.getTime() - other.notAfter.getTime(),
  );
  // A replica lists thousands of them, so beyond that the sum need not be exact.
  const unlisted = totals.reduce((sum, { late, soonest: { length } }) => sum + Math.max(0, late - length), 0);
  return {
    live: fresh.size + newest.size + unlisted,
    late: newest.size + unlisted,
    soonest: soonest.slice(0, mostListed),
    partial: unlisted > 0 || totals.some(({ partial }) => partial),
  };
}

function* hashesIn(base64: string): Generator<number> {
  const bytes = Buffer.from(base64, "base64");
  for (let at = 0; at + hashBytes <= bytes.length; at += hashBytes) yield bytes.readUInt32BE(at);
}
