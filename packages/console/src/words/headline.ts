import type { ConsoleFinding, ConsoleLevel, ConsoleStatus } from "../api.ts";
import { countWords, pluralWords } from "./count-words.ts";
import { durationWords } from "./time-words.ts";

/** The state in a sentence or two: whether the CA is ready to issue, and what needs attention. */
export function headlineOf({ findings, replicas, source }: ConsoleStatus): string {
  const attention = attentionWords(findings);
  if (source.kind === "stopped") return `The CA is stopped. ${attention ?? "Its state is complete."}`;
  const ready = replicas.filter((replica) => replica.ready === true).length;
  if (ready === 0) return `The CA is not ready to issue certificates. ${attention ?? ""}`.trim();
  if (ready < replicas.length)
    return `${countWords(ready)} of ${pluralWords(replicas.length, "replica")} are ready. ${attention ?? ""}`.trim();
  return attention === undefined ? "All is well: the CA is ready." : `The CA is ready. ${attention}`;
}

function attentionWords(findings: readonly ConsoleFinding[]): string | undefined {
  const countOf = (level: ConsoleLevel) => findings.filter((finding) => finding.level === level).length;
  const [critical, warnings] = [countOf("critical"), countOf("warning")];
  const counts = [
    ...(critical === 0 ? [] : [pluralWords(critical, "critical finding")]),
    ...(warnings === 0 ? [] : [pluralWords(warnings, "warning")]),
  ];
  return counts.length === 0
    ? undefined
    : `${counts.join(" and ")} ${critical + warnings === 1 ? "needs" : "need"} attention.`;
}

/** How much the CA issued and refused lately. */
export function activityWords({ activity }: ConsoleStatus, minutes = 10): string | undefined {
  if (activity === undefined) return undefined;
  const buckets = Math.max(1, Math.round((minutes * 60_000) / activity.bucketMs));
  const issued = sumOf(activity.issued.slice(-buckets));
  const refused = sumOf(activity.refused.map(({ counts }) => sumOf(counts.slice(-buckets))));
  const span = durationWords(buckets * activity.bucketMs);
  const refusals = refused === 0 ? "no refusals" : pluralWords(refused, "refusal");
  return `${pluralWords(issued, "certificate")} issued and ${refusals} in the last ${span}.`;
}

export function rankOf(level: ConsoleLevel): number {
  return ["ok", "warning", "critical"].indexOf(level);
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A finding is lower case and without a full stop, as an error is. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const capital = /^[a-z]+\b(?![-_./])/.test(trimmed)
    ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
    : trimmed;
  return /[.!?`]$/.test(capital) ? capital : `${capital}.`;
}
