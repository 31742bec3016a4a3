import type { Finding, LedgerVerdict } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { fieldLines } from "../../output/field-lines.ts";

/** The verdict on the ledger of one writing process. */
export interface SlotVerdict extends LedgerVerdict {
  readonly slot: string;
  /** By what its checkpoints were verified: a key that the operator holds, or the one that lies beside it. */
  readonly keyFrom: "given" | "beside the ledger";
}

/** A mesh of a thousand findings has one cause; the first few show it. */
const mostFindings = 20;

export function renderVerdict(verdict: SlotVerdict): string {
  const { slot, origin, first, size, signed, findings } = verdict;
  const beside = "the key beside the ledger; --key holds it against one that you kept";
  const lines = fieldLines([
    ["log", origin],
    ["entries", `${size - first}${first === 0 ? "" : `, from ${first} on: those before went by retention`}`],
    ["signed for", signed >= size ? "all of them" : `all but the last ${size - signed}`],
    ["verified by", verdict.keyFrom === "given" ? "the key that was given" : beside],
  ]);
  const shown = findings.slice(0, mostFindings).map(renderFinding).join("");
  const more = findings.length > mostFindings ? `  and ${findings.length - mostFindings} more\n` : "";
  const end = findings.length === 0 ? "  every entry is as it was signed for\n" : `${shown}${more}`;
  return `ledger ${printableText(slot)}\n${lines}${end}`;
}

function renderFinding({ index, place, problem }: Finding): string {
  const what = index === undefined ? "" : `entry ${index}: `;
  return `  BROKEN  ${what}${printableText(problem)} (${printableText(place)})\n`;
}
