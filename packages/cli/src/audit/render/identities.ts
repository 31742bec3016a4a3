import type { Found, IssuedEntry } from "@kasbah/ledger";
import { parseSpiffeId } from "@kasbah/pki";
import { printableText } from "@kasbah/runtime";
import { plainTime, relativeTime } from "../../output/relative-time.ts";
import { table } from "../../output/table.ts";
import { certificateJson } from "./certificate.ts";

/** Identities that have a valid certificate now. */
export interface IdentitiesAnswer {
  readonly found: readonly Found<IssuedEntry>[];
  /** IDs of authorities by their fingerprints. */
  readonly authorities: ReadonlyMap<string, string>;
}

export function renderIdentities({ found, authorities }: IdentitiesAnswer, now: Date): string {
  const names = new Set(found.map(({ entry }) => entry.spiffeId)).size;
  const domains = new Set(found.map(({ entry }) => domainOf(entry.spiffeId)));
  const [domain = ""] = domains;
  const shorten = (id: string) => (domains.size === 1 ? id.slice(domain.length) : id);
  const rows = found.map(({ entry }) => [
    shorten(entry.spiffeId),
    entry.caller.pod?.name ?? "-",
    entry.caller.node ?? "-",
    entry.serial.slice(0, 12),
    relativeTime(new Date(entry.notAfter), now),
    authorities.get(entry.authority) ?? entry.authority.slice(0, 12),
  ]);
  const count = `${names} ${names === 1 ? "identity" : "identities"}`;
  const when = `with a valid certificate at ${plainTime(now)}`;
  if (rows.length === 0) return `${count} ${when}\n`;
  const below = domains.size === 1 ? ` in ${printableText(domain)}` : "";
  return `${count}${below} ${when}\n${table([["NAME", "POD", "NODE", "SERIAL", "EXPIRES", "AUTHORITY"], ...rows])}`;
}

export function identitiesJson({ found, authorities }: IdentitiesAnswer, now: Date) {
  return {
    at: now.toISOString(),
    identities: found.map((one) =>
      certificateJson({ found: one, authorityId: authorities.get(one.entry.authority) }),
    ),
  };
}

/** The namespace of a SPIFFE ID in Istio's format. */
export function namespaceOf(spiffeId: string): string | undefined {
  try {
    return parseSpiffeId(spiffeId).workload?.namespace;
  } catch {
    return undefined;
  }
}

function domainOf(spiffeId: string): string {
  return /^spiffe:\/\/[^/]+/.exec(spiffeId)?.[0] ?? "";
}
