import type { DroppedRefusals, RefusedEntry } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { printedEntry } from "../audit/render/printed-entry.ts";
import { toJson, toJsonLine } from "../output/json.ts";
import { plainTime } from "../output/relative-time.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { paint } from "../output/terminal/paint.ts";
import { shortenMiddle } from "../output/terminal/shorten.ts";
import { addressOf, type RefusalFilter } from "./refusal-filter.ts";
import type { ListedRefusal, RefusalList } from "./refusal-list.ts";

/** Without a terminal. */
const usualWidth = 80;
const gap = "  ";
const mostNetworks = 4;

/** The last refusals as a table of at most 80 columns, and how many there were. */
export function renderRefusals(list: RefusalList, filter: RefusalFilter, look: Look = plainLook): string {
  const { refusals, total, dropped, codes } = list;
  const since = plainTime(filter.since);
  if (total === 0 && dropped.length === 0) return `no refusals since ${since}\n`;
  const codeWidth = Math.max(4, ...refusals.map(({ entry }) => entry.code.length));
  const header = rowOf(["TIME", "CODE", "REFERENCE", "CALLER"], codeWidth, plainLook);
  const head = `${paint(header.trimEnd(), "quiet", look)}\n`;
  const rows = refusals.map((one) => renderRefusal(one, codeWidth, look));
  return [
    ...(refusals.length === 0 ? [] : [head, ...rows, "\n"]),
    refusals.length === total
      ? `${plural(total)} since ${since}\n`
      : `the last ${grouped(refusals.length)} of ${plural(total)} since ${since}; --lines <n> shows more\n`,
    ...droppedLine(dropped, filter),
    ...listed(
      Object.entries(codes).map(([code, count]) => `${printableText(code, 60)} ${grouped(count)}`),
      "by code: ",
    ),
    "kasbah why CODE explains a code, kasbah why REFERENCE a call\n",
  ].join("");
}

/** One refusal as a row. Without the width of the codes, as wide as its own. */
export function renderRefusal(
  { entry }: ListedRefusal,
  codeWidth = entry.code.length,
  look: Look = plainLook,
): string {
  const cells = [plainTime(new Date(entry.time)), entry.code, entry.referenceId, callerOf(entry)];
  return rowOf(cells, codeWidth, look);
}

/** One line of a followed list about refusals that were not kept. */
export function renderDropped(dropped: DroppedRefusals): string {
  return `and ${grouped(dropped.count)} more${fromText([dropped])} were counted, not kept\n`;
}

export function refusalJson(refusal: ListedRefusal): string {
  return toJsonLine(printedRefusal(refusal));
}

/** The list as `--json` prints it. */
export function refusalsJson(list: RefusalList): string {
  return toJson({ ...list, refusals: list.refusals.map(printedRefusal) });
}

function printedRefusal({ entry, replica }: ListedRefusal) {
  return replica === undefined ? printedEntry(entry) : { ...printedEntry(entry), replica };
}

function rowOf(
  [time = "", code = "", reference = "", caller = ""]: readonly string[],
  codeWidth: number,
  look: Look,
): string {
  const [shownCode, shownReference] = [printableText(code, 60), printableText(reference, 60)];
  const cells = [time.padEnd(20), shownCode.padEnd(codeWidth), shownReference.padEnd(12)];
  const used = cells.join(gap).length + gap.length;
  const text = printableText(caller, 300);
  const left = Math.max((look.columns ?? usualWidth) - used, 8);
  const shown = look.columns === undefined ? clipped(text, left) : shortenMiddle(text, left);
  const painted = cells.map((cell, at) => (at === 1 ? paint(cell, "warning", look) : cell));
  return `${[...painted, shown].join(gap).trimEnd()}\n`;
}

/** As scripts know it: without a terminal, a row loses its end. */
function clipped(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** The namespace and service account of an authenticated caller, else the address. */
function callerOf({ caller, peerAddress }: RefusedEntry): string {
  const [, workload] = /^spiffe:\/\/[^/]+\/ns\/([^/]+\/sa\/[^/]+)$/.exec(caller?.spiffeId ?? "") ?? [];
  return workload?.replace("/sa/", "/") ?? caller?.spiffeId ?? addressOf(peerAddress);
}

function droppedLine(dropped: readonly DroppedRefusals[], { address }: RefusalFilter): readonly string[] {
  const count = dropped.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return [];
  if (address !== undefined)
    return [`and up to ${grouped(count)} more from ${printableText(address.text)} were counted, not kept\n`];
  return listed(networksOf(dropped), `and ${grouped(count)} more were counted, not kept: `);
}

function fromText(dropped: readonly DroppedRefusals[]): string {
  const networks = networksOf(dropped);
  return networks.length === 0 ? "" : ` from ${networks.join(", ")}`;
}

function networksOf(dropped: readonly DroppedRefusals[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { network, count } of dropped.flatMap(({ from }) => from))
    counts.set(network, (counts.get(network) ?? 0) + count);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostNetworks)
    .map(([network, count]) => `${printableText(network || "unknown", 60)} (${grouped(count)})`);
}

/** A list in lines of at most 80 columns. */
function listed(items: readonly string[], title: string): readonly string[] {
  const lines: string[] = [];
  let line = title;
  for (const [index, item] of items.entries()) {
    const text = index === items.length - 1 ? item : `${item}, `;
    if (line.length + text.trimEnd().length > usualWidth && line.trim() !== "") {
      lines.push(line);
      line = "  ";
    }
    line += text;
  }
  return items.length === 0 ? [] : [...lines, line].map((one) => `${one.trimEnd()}\n`);
}

function plural(count: number): string {
  return count === 1 ? "1 refusal" : `${grouped(count)} refusals`;
}

/** `12,345`. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
