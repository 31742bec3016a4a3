import type { ConsoleRefusal, ConsoleRefusals, ConsoleRefusedCode } from "@kasbah/console";
import { printableText } from "@kasbah/runtime";
import type { ListedRefusal, RefusalList } from "../../refusals/refusal-list.ts";

/** What a code means and what to do; undefined for a code of a later release. */
export type ExplainCode = (code: string) => { readonly cause: string; readonly fix: string } | undefined;

/** The newest that the page lists; the counts include all others. */
export const maxListedRefusals = 1000;
const maxCodes = 100;

export function describeRefusals(
  { refusals, total, dropped, codes }: RefusalList,
  explain: ExplainCode,
): Pick<ConsoleRefusals, "refusals" | "codes" | "total" | "dropped"> {
  const named = Object.entries(codes).slice(0, maxCodes);
  return {
    refusals: refusals.map((one) => refusalOf(one, explain)).reverse(),
    codes: named.map(([code, count]) => refusedCode(code, count, explain)),
    total,
    dropped: dropped.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Texts of callers are untrusted and may be long. */
function refusalOf({ entry, replica }: ListedRefusal, explain: ExplainCode): ConsoleRefusal {
  const { time, referenceId, code, caller, spiffeId, peerAddress, problem, fix, traceId } = entry;
  return {
    time,
    reference: shown(referenceId),
    code: shown(code),
    caller: caller && shown(caller.spiffeId),
    subject: spiffeId === undefined ? undefined : shown(spiffeId),
    peer: shown(peerAddress),
    problem: shown(problem),
    fix: shown(fix ?? explain(code)?.fix ?? ""),
    traceId: traceId === undefined ? undefined : shown(traceId),
    replica,
  };
}

function refusedCode(code: string, count: number, explain: ExplainCode): ConsoleRefusedCode {
  const { cause = "", fix = "" } = explain(code) ?? {};
  return { code: shown(code), count, explanation: cause, fix };
}

function shown(text: string): string {
  return printableText(text, 1000);
}
