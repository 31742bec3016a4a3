import type { Found, IssuedEntry, LedgerReader } from "@kasbah/ledger";
import type { CertificateRecord } from "./render/certificate.ts";
import type { WhoAnswer } from "./render/who.ts";

export interface WhoQuestion {
  readonly spiffeId: string;
  readonly at: Date | undefined;
  readonly limit: number;
}

/** Finds the certificates that an identity had. */
export async function askWho(ledger: LedgerReader, { spiffeId, at, limit }: WhoQuestion): Promise<WhoAnswer> {
  // One more than the limit shows whether more exist.
  const found = await ledger.who(spiffeId, at, limit + 1);
  const ends = found.length === 0 ? await ledger.firstAndLast(spiffeId) : undefined;
  return {
    spiffeId,
    at,
    certificates: await withAuthorities(ledger, found.slice(0, limit)),
    more: found.length > limit,
    ends: ends && {
      first: await withAuthority(ledger, ends.first),
      last: await withAuthority(ledger, ends.last),
    },
  };
}

/** Maps the fingerprints of authorities to their IDs. */
export async function authorityNames(
  ledger: LedgerReader,
  found: readonly Found<IssuedEntry>[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const fingerprint of new Set(found.map(({ entry }) => entry.authority))) {
    const name = await ledger.authorityId(fingerprint);
    if (name !== undefined) names.set(fingerprint, name);
  }
  return names;
}

export async function withAuthorities(
  ledger: LedgerReader,
  found: readonly Found<IssuedEntry>[],
): Promise<readonly CertificateRecord[]> {
  const names = await authorityNames(ledger, found);
  return found.map((one) => ({ found: one, authorityId: names.get(one.entry.authority) }));
}

async function withAuthority(ledger: LedgerReader, found: Found<IssuedEntry>): Promise<CertificateRecord> {
  return { found, authorityId: await ledger.authorityId(found.entry.authority) };
}
