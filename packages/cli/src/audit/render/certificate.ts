import { decisionMessage } from "@kasbah/ca-server/state";
import type { Found, IssuedEntry } from "@kasbah/ledger";
import { fieldLines } from "../../output/field-lines.ts";
import { plainTime, timeAndDistance } from "../../output/relative-time.ts";
import { leafTone } from "../../output/terminal/expiry-tone.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { printedEntry } from "./printed-entry.ts";

/** A certificate in the ledger, with the ID of its authority. */
export interface CertificateRecord {
  readonly found: Found<IssuedEntry>;
  /** Undefined if the ledger does not contain the ID. */
  readonly authorityId: string | undefined;
}

/** Renders the entry of a certificate for people. */
export function renderCertificate(
  { found, authorityId }: CertificateRecord,
  now: Date,
  look: Look = plainLook,
): string {
  const { entry, slot, index } = found;
  const { caller, credential, pod, node, ignored, disregarded } = decisionMessage(entry);
  const [notBefore, notAfter] = [new Date(entry.notBefore), new Date(entry.notAfter)];
  const hash = `SHA-256 ${entry.authority.slice(0, 16)}`;
  return fieldLines(
    [
      ["serial", entry.serial],
      [
        "valid",
        `${plainTime(notBefore)} to ${timeAndDistance(notAfter, now)}`,
        notAfter <= now ? "quiet" : leafTone({ notBefore, notAfter }, now),
      ],
      ["issued", timeAndDistance(new Date(entry.time), now)],
      ["pod", pod],
      ["node", node],
      ["from", entry.peerAddress],
      ["requested by", caller === entry.spiffeId ? "" : caller],
      ["credential", credential],
      ["rule", entry.rule],
      ["authority", authorityId === undefined ? hash : `${authorityId} (${hash})`],
      ["ignored", ignored.join(", ")],
      ["disregarded", disregarded.join(", ")],
      ["reference", entry.referenceId],
      ["trace", entry.traceId ?? ""],
      ["entry", slot === "0" ? String(index) : `${index} of ${slot}`],
    ],
    look,
  );
}

/** The entry of a certificate as `--json` prints it. */
export function certificateJson({ found, authorityId }: CertificateRecord) {
  const { slot, index, entry } = found;
  return { slot, index, authorityId: authorityId ?? null, ...printedEntry(entry) };
}
