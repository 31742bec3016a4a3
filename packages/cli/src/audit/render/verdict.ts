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
  return `ledger ${printableText(slot)}\n${lines}${end}`;
}

function renderFinding({ index, place, problem }: Finding): string {
  const what = index === undefined ? "" : `entry ${index}: `;
  return `  BROKEN  ${what}${printableText(problem)} (${printableText(place)})\n`;
}
