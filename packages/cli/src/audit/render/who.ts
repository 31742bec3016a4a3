import { printableText } from "@kasbah/runtime";
import { timeAndDistance } from "../../output/relative-time.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { type CertificateRecord, certificateJson, renderCertificate } from "./certificate.ts";

/** The certificates that an identity had. */
export interface WhoAnswer {
  readonly spiffeId: string;
  /** Undefined for all times. */
  readonly at: Date | undefined;
  /** Newest first. */
  readonly certificates: readonly CertificateRecord[];
  /** Whether more certificates exist than the limit allowed. */
  readonly more: boolean;
  /** The first and the last certificate in the ledger. Set only if none matched but some exist. */
  readonly ends: { readonly first: CertificateRecord; readonly last: CertificateRecord } | undefined;
}

export function renderWho(answer: WhoAnswer, now: Date, look: Look = plainLook): string {
  const { certificates, more, at } = answer;
  if (certificates.length === 0) return `${noHolder(answer, now)}\n`;
  const count = certificates.length === 1 ? "1 certificate" : `${certificates.length} certificates`;
  const when = at === undefined ? `${count}, newest first` : `${count} at ${timeAndDistance(at, now)}`;
  const shown = certificates.map((one) => `${renderCertificate(one, now, look)}${note(one, at)}`);
  const rest = more ? "\nmore certificates exist: raise --limit to show them\n" : "";
  return `${printableText(answer.spiffeId)}  ${when}\n${shown.join("\n")}${rest}`;
}

export function whoJson({ spiffeId, at, certificates, more, ends }: WhoAnswer) {
  return {
    spiffeId,
    at: at?.toISOString() ?? null,
    certificates: certificates.map(certificateJson),
    more,
    onRecord:
      ends === undefined ? null : { first: certificateJson(ends.first), last: certificateJson(ends.last) },
  };
}

/** The CA backdates notBefore by up to two minutes, so a certificate can be valid before it was issued. */
function note({ found: { entry } }: CertificateRecord, at: Date | undefined): string {
  if (at === undefined || Date.parse(entry.time) <= at.getTime()) return "";
  return "  ! issued after that time: the CA backdates notBefore to allow for slow clocks\n";
}

function noHolder({ spiffeId, at, ends }: WhoAnswer, now: Date): string {
  const name = printableText(spiffeId);
  if (ends === undefined) return `the ledger has no certificate for ${name}`;
  const first = timeAndDistance(new Date(ends.first.found.entry.notBefore), now);
  const end = new Date(ends.last.found.entry.notAfter);
  const last = `${end < now ? "expired" : "expires"} ${timeAndDistance(end, now)}`;
  const when = at === undefined ? "" : ` at ${timeAndDistance(at, now)}`;
  return `no certificate for ${name} was valid${when}\nthe first in the ledger became valid ${first}, the last ${last}`;
}
