import { type Found, type LedgerReader, type OperatorEntry, servingFactsOf } from "@kasbah/ledger";
import { fieldLines } from "../../output/field-lines.ts";
import { plainTime, timeAndDistance } from "../../output/relative-time.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";

/** One of the CA's own serving certificates in the ledger, with the ID of its authority. */
export interface ServingRecord {
  readonly found: Found<OperatorEntry>;
  /** Undefined if the ledger does not contain the ID. */
  readonly authorityId: string | undefined;
}

export async function servingRecords(
  ledger: LedgerReader,
  found: readonly Found<OperatorEntry>[],
): Promise<readonly ServingRecord[]> {
  const records = found.map(async (one) => {
    const authority = servingFactsOf(one.entry)?.authority ?? "";
    return { found: one, authorityId: await ledger.authorityId(authority) };
  });
  return Promise.all(records);
}

/** Renders the entry of a serving certificate for people. */
export function renderServing(
  { found, authorityId }: ServingRecord,
  now: Date,
  look: Look = plainLook,
): string {
  const { entry, slot, index } = found;
  const facts = servingFactsOf(entry);
  if (facts === undefined) return "";
  const hash = `SHA-256 ${facts.authority.slice(0, 16)}`;
  const lines = fieldLines(
    [
      ["serial", facts.serial],
      [
        "valid",
        `${plainTime(new Date(facts.notBefore))} to ${timeAndDistance(new Date(facts.notAfter), now)}`,
      ],
      ["issued", timeAndDistance(new Date(entry.time), now)],
      ["names", facts.names],
      ["authority", authorityId === undefined ? hash : `${authorityId} (${hash})`],
      ["entry", slot === "0" ? String(index) : `${index} of ${slot}`],
    ],
    look,
  );
  return `serving certificate of the CA\n${lines}`;
}

/** The entry of a serving certificate as `--json` prints it. */
export function servingJson({ found, authorityId }: ServingRecord) {
  const { slot, index, entry } = found;
  return { slot, index, authorityId: authorityId ?? null, entry };
}
