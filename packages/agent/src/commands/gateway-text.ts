import { roughDuration } from "../secret/validity.ts";
import type { StatusPageObject } from "./ask-agent.ts";
import { itemsAt, textAt } from "./document-fields.ts";
import { clipStart, columns, wrapped } from "./terminal-lines.ts";

/** A gateway may serve 2,000 names. The worst are shown; `--json` has all. */
const maxShown = 12;

const widths = [14, 23, 37] as const;

export function isGatewayName(name: string): boolean {
  return name.startsWith("file-cert:") || name.startsWith("file-root:");
}

/** Whether the table of gateway names shows what the warning reports. */
export function isGatewayWarning(warning: string): boolean {
  return /^certificate-.* file-(?:cert|root):/.test(warning) || /^\d+ more warnings about/.test(warning);
}

/** A summary and a table of gateway names, the worst first; "" if there are none. */
export function gatewayText(document: StatusPageObject): string {
  const all = itemsAt(document, "gateway", "certificates");
  const waiting = Number(textAt(document, "gateway", "waiting"));
  if (all.length === 0 && waiting === 0) return "";
  const head = `  gateway: ${counted(all.length, "name")}, ${summary(document)}\n`;
  const limit = waiting === 0 ? "" : `    ${counted(waiting, "more name")} beyond the limit, not served\n`;
  const bad = all.filter(
    (one) => textAt(one, "state") === "loading" || itemsAt(one, "conditions").length > 0,
  );
  const shown = bad.slice(0, maxShown);
  const table = shown.length === 0 ? "" : columns(["CONDITION", "EXPIRES", "FILE"], widths);
  return head + limit + table + shown.map(entryOf).join("") + rest(all.length, bad.length, shown.length);
}

function summary(document: StatusPageObject): string {
  const of = (...path: readonly string[]) => Number(textAt(document, "gateway", ...path));
  const counts = ["missing", "expired", "refused", "not-yet-valid", "incomplete", "previous", "expiring"]
    .map((condition) => [condition, of("conditions", condition)] as const)
    .filter(([, count]) => count > 0)
    .map(([condition, count]) => `${thousands(count)} ${condition}`);
  return [...counts, `${thousands(of("fine"))} fine`].join(", ");
}

/** A row of the table, and the reasons below it. */
function entryOf(one: unknown): string {
  const [worst = textAt(one, "state")] = itemsAt(one, "conditions").map((each) => textAt(each));
  const expires = textAt(one, "notAfter") === "" ? "-" : expiry(one);
  const reasons = [reasonOf(one, "problem", "message"), reasonOf(one, "refusal", "complaint")];
  const row = columns([worst, expires, clipStart(shortName(textAt(one, "name")), widths[2])], widths);
  return row + reasons.map((reason) => wrapped(reason, "      ")).join("");
}

function expiry(one: unknown): string {
  const leftMs = Number(textAt(one, "secondsLeft")) * 1_000;
  const when = leftMs > 0 ? `in ${roughDuration(leftMs)}` : `${roughDuration(-leftMs)} ago`;
  return `${textAt(one, "notAfter").slice(0, 10)}, ${when}`;
}

function reasonOf(one: unknown, field: "problem" | "refusal", sentence: string): string {
  const since = textAt(one, field, "since");
  if (since === "") return "";
  const code = textAt(one, field, "code");
  const head = field === "refusal" ? "NACK" : code;
  return `${head} since ${since.slice(0, 16).replace("T", " ")} UTC: ${textAt(one, field, sentence)}`;
}

/** The path of the certificate or of the roots. */
function shortName(name: string): string {
  const [path = ""] = name.replace(/^file-(?:cert|root):/, "").split("~");
  return path === "system" ? "system roots" : path;
}

function rest(all: number, bad: number, shown: number): string {
  const more = bad - shown;
  const fine = all - bad;
  if (shown === 0) return "";
  const parts = [
    ...(more > 0 ? [`${counted(more, "more name")} with problems, see --json`] : []),
    ...(fine > 0 ? [`${more > 0 ? thousands(fine) : `${thousands(fine)} more`} ${are(fine)} fine`] : []),
  ];
  return parts.length === 0 ? "" : `    and ${parts.join("; ")}\n`;
}

function are(count: number): string {
  return count === 1 ? "is" : "are";
}

function counted(count: number, noun: string): string {
  return `${thousands(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
