import type { ConsoleFinding, ConsoleLevel, ConsoleStatus } from "../api.ts";
import { pluralWords } from "./count-words.ts";
import { durationWords } from "./time-words.ts";

/** The state in one sentence: the worst finding, or what works. */
export function headlineOf({ findings, replicas, source }: ConsoleStatus): string {
  const problems = findings.filter(({ level }) => level !== "ok");
  const [worst, ...others] = problems.sort((one, other) => rankOf(other.level) - rankOf(one.level));
  if (worst !== undefined)
    return `${sentence(worst.what)}${others.length === 0 ? "" : ` ${andMore(others)}`}`;
  if (source.kind === "stopped") return "The CA is stopped. Its state is complete.";
  return replicas.length > 1
    ? "All is well: every replica issues certificates."
    : "All is well: the CA issues certificates.";
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

function andMore(others: readonly ConsoleFinding[]): string {
  return `${pluralWords(others.length, "other finding")} below.`;
}

/** A finding is lower case and without a full stop, as an error is. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const capital = /^[a-z]+\b(?![-_./])/.test(trimmed)
    ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
    : trimmed;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
