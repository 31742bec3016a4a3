import { acceptLossAct, type Found, isLedgerAct, type LedgerEntry, servingFactsOf } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { toJsonLine } from "../../output/json.ts";
import { plainTime } from "../../output/relative-time.ts";

/** Renders an entry as one line: time, kind, identity and the reference for `kasbah why`. */
export function renderEntryLine({ entry }: Found): string {
  const words = [plainTime(new Date(entry.time)), ...wordsOf(entry)];
  return `${words.map((word) => printableText(word, 300)).join("  ")}\n`;
}

function wordsOf(entry: LedgerEntry): readonly string[] {
  switch (entry.kind) {
    case "issued":
      return ["issued   ", entry.spiffeId, entry.referenceId];
    case "refused":
      return [
        "refused  ",
        entry.spiffeId ?? entry.caller?.spiffeId ?? `unauthenticated caller at ${entry.peerAddress}`,
        entry.referenceId,
        entry.code,
      ];
    case "operator": {
      const serving = servingFactsOf(entry);
      if (serving !== undefined) return ["serving  ", serving.names, serving.serial];
      // The CA's records about its ledger have the form of an accepted act, but no operator accepted anything.
      if (isLedgerAct(entry.act) && entry.act !== acceptLossAct) return ["ledger   ", entry.act];
      return [
        "operator ",
        `${entry.act} ${entry.outcome}`,
        entry.operatorUnverified === undefined ? "" : `by ${entry.operatorUnverified}`,
        entry.reason ?? "",
      ].filter((word) => word !== "");
    }
    case "authority":
      return [
        "authority",
        `${entry.authority} ${entry.from === undefined ? "" : `${entry.from} -> `}${entry.stage}`,
        entry.signs ? "signs" : "does not sign",
      ];
  }
}

/** An entry as `--json` prints it. */
export function entryValue({ slot, index, entry }: Found) {
  return { slot, index, entry };
}

/** An entry as one line of JSON. */
export function entryJson(found: Found): string {
  return toJsonLine(entryValue(found));
}
