import { acceptLossAct, type Found, isLedgerAct, type LedgerEntry, servingFactsOf } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { toJsonLine } from "../../output/json.ts";
import { plainTime } from "../../output/relative-time.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { paint } from "../../output/terminal/paint.ts";
import { shortenMiddle } from "../../output/terminal/shorten.ts";
import { printedEntry } from "./printed-entry.ts";

const timeWidth = "2030-01-01T00:00:00Z".length;

/** Renders an entry as one line: time, kind, identity and the reference for `kasbah why`. */
export function renderEntryLine({ entry }: Found, look: Look = plainLook): string {
  const [kind = "", ...words] = [plainTime(new Date(entry.time)), ...wordsOf(entry)].map((word) =>
    printableText(word, 300),
  );
  return `${[kind, ...toned(words, entry, look)].join("  ")}\n`;
}

/** On a terminal, the kind and the code of a refusal have a color, and the name loses its middle if the line is too long. */
function toned([kind = "", name = "", ...rest]: readonly string[], entry: LedgerEntry, look: Look): string[] {
  const tone = entry.kind === "refused" ? "warning" : entry.kind === "issued" ? undefined : "strong";
  const others = [timeWidth, kind.length, ...rest.map(({ length }) => length)];
  const left = (look.columns ?? Number.POSITIVE_INFINITY) - others.reduce((sum, one) => sum + one + 2, 0);
  const code =
    entry.kind === "refused"
      ? rest.map((word) => (word === entry.code ? paint(word, tone, look) : word))
      : rest;
  return [paint(kind, tone, look), shortenMiddle(name, Math.max(left, 20)), ...code];
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
  return { slot, index, ...printedEntry(entry) };
}

/** An entry as one line of JSON. */
export function entryJson(found: Found): string {
  return toJsonLine(entryValue(found));
}
