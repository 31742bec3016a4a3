import { printableText } from "@kasbah/runtime";
import { describeRefusal } from "../../sds/refused-names.ts";
import { describeExpiry, roughDuration, utcMinute } from "../../secret/validity.ts";
import type { FileFacts } from "./file-facts.ts";
import type { FileFailure, JudgedName, NameCondition } from "./judge.ts";

const maxNameLength = 512;
const maxReasonLength = 300;

/** One sentence about one condition of a name, after a word to search for; undefined if it does not hold. */
export function describeCondition(
  judged: JudgedName,
  condition: NameCondition,
  now: Date,
): string | undefined {
  if (!judged.conditions.includes(condition)) return undefined;
  if (judged.refusal !== undefined && condition === "refused") return describeRefusal(judged.refusal);
  const sentence = sentenceOf(judged, condition, now);
  return sentence === undefined ? undefined : `certificate-${condition}: ${sentence}`;
}

function sentenceOf(judged: JudgedName, condition: NameCondition, now: Date): string | undefined {
  const { served, failure } = judged;
  const name = printableText(judged.name, maxNameLength);
  if (condition === "missing" && failure !== undefined) {
    return `the agent has nothing to serve as ${name} since ${sinceWhy(failure)}`;
  }
  if (served === undefined) return undefined;
  if (condition === "previous" && failure !== undefined) {
    return `the agent serves the previous contents of ${name} since ${sinceWhy(failure)}`;
  }
  if (condition === "not-yet-valid") {
    const waitMs = served.notBefore.getTime() - now.getTime();
    const from = `${roughDuration(waitMs)} (${utcMinute(served.notBefore)})`;
    return `the certificate of ${name} is served, but becomes valid in ${from}`;
  }
  if (condition === "incomplete") {
    const others =
      served.certificates === 2 ? "the other one" : `any of the ${served.certificates - 1} others`;
    return `the first certificate of ${name} was not issued by ${others} in its file, so that clients reject it`;
  }
  return `${subjectOf(served, name)} ${describeExpiry(served.notAfter, now)}`;
}

function subjectOf({ kind, certificates }: FileFacts, name: string): string {
  if (kind === "pair") return `the certificate of ${name}`;
  return certificates === 1 ? `the only root of ${name}` : `the last of ${certificates} roots of ${name}`;
}

function sinceWhy({ code, message, since }: FileFailure): string {
  return `${utcMinute(since)}: ${code}: ${printableText(message, maxReasonLength)}`;
}
