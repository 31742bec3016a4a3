import type { Found, IssuedEntry } from "@kasbah/ledger";
import { parseSpiffeId } from "@kasbah/pki";
import { printableText } from "@kasbah/runtime";
import { plainTime, relativeTime } from "../../output/relative-time.ts";
import { table } from "../../output/table.ts";
import { leafTone } from "../../output/terminal/expiry-tone.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { certificateJson } from "./certificate.ts";

/** Identities that have a valid certificate now. */
export interface IdentitiesAnswer {
  readonly found: readonly Found<IssuedEntry>[];
  /** IDs of authorities by their fingerprints. */
  readonly authorities: ReadonlyMap<string, string>;
}

export function renderIdentities(
  { found, authorities }: IdentitiesAnswer,
  now: Date,
  look: Look = plainLook,
): string {
  const names = new Set(found.map(({ entry }) => entry.spiffeId)).size;
  const domains = new Set(found.map(({ entry }) => domainOf(entry.spiffeId)));
  const [domain = ""] = domains;
  const shorten = (id: string) => (domains.size === 1 ? id.slice(domain.length) : id);
  const rows = found.map(({ entry }) => [
    { text: shorten(entry.spiffeId), short: shortName(shorten(entry.spiffeId)) },
    entry.caller.pod?.name ?? "-",
    entry.caller.node ?? "-",
    entry.serial.slice(0, 12),
    { text: relativeTime(new Date(entry.notAfter), now), tone: leafTone(validityOf(entry), now) },
    authorities.get(entry.authority) ?? entry.authority.slice(0, 12),
  ]);
  const count = `${names} ${names === 1 ? "identity" : "identities"}`;
  const when = `with a valid certificate at ${plainTime(now)}`;
  if (rows.length === 0) return `${count} ${when}\n`;
  const below = domains.size === 1 ? ` in ${printableText(domain)}` : "";
  const header = ["NAME", "POD", "NODE", "SERIAL", "EXPIRES", "AUTHORITY"];
  const narrow = { elastic: [0, 1, 2, 5], optional: [2, 3] };
  return `${count}${below} ${when}\n${table([header, ...rows], { ...look, ...narrow })}`;
}

/** `demo/frontend` instead of `/ns/demo/sa/frontend`. */
function shortName(name: string): string {
  return /^\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(name)?.slice(1).join("/") ?? name;
}

function validityOf({ notBefore, notAfter }: IssuedEntry) {
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
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
