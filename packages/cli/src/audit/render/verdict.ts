import type { Finding, LedgerVerdict } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { fieldLines } from "../../output/field-lines.ts";

/** The result of verifying the ledger of one writing process. */
export interface SlotVerdict extends LedgerVerdict {
  readonly slot: string;
  /** Which key verified the checkpoints: one that the operator passed, or the one next to the ledger. */
  readonly keyFrom: "given" | "beside the ledger";
}

/** A thousand findings usually have a single cause, which the first few show. */
const mostFindings = 20;

export function renderVerdict(verdict: SlotVerdict): string {
  const { slot, origin, first, size, signed, findings } = verdict;
  const notes = verdict.notes.map((note) => `  note    ${printableText(note, 2_000)}\n`).join("");
  const beside = "the key next to the ledger (use --key to verify with a key that you kept)";
  const lines = fieldLines([
    ["log", origin],
    [
      "entries",
      `${size - first}${first === 0 ? "" : `, starting at ${first}: retention removed earlier entries`}`,
    ],
    ["signed", signed >= size ? "all entries" : `all entries but the last ${size - signed}`],
    ["verified by", verdict.keyFrom === "given" ? "the key from --key" : beside],
  ]);
  const shown = findings.slice(0, mostFindings).map(renderFinding).join("");
  const more = findings.length > mostFindings ? `  and ${findings.length - mostFindings} more\n` : "";
  const end = findings.length === 0 ? "  every entry matches the signed checkpoint\n" : `${shown}${more}`;
  return `ledger ${printableText(slot)}\n${lines}${notes}${end}`;
}

function renderFinding({ index, place, problem }: Finding): string {
  const what = index === undefined ? "" : `entry ${index}: `;
  return `  BROKEN  ${what}${printableText(problem)} (${printableText(place)})\n`;
}
