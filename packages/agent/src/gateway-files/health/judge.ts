import type { RefusedName } from "../../sds/refused-names.ts";
import { validityStage } from "../../secret/validity.ts";
import type { FileFacts } from "./file-facts.ts";

/** Why the files of a name cannot be served now. */
export interface FileFailure {
  readonly code: string;
  readonly message: string;
  readonly since: Date;
}

/** A name that clients are subscribed to. Before the first read it has neither facts nor a failure. */
export interface FileNameReport {
  readonly name: string;
  readonly served: FileFacts | undefined;
  readonly failure: FileFailure | undefined;
}

/**
 * What is wrong with a name, the worst first: nothing is served; the certificate has expired; a client rejects
 * it (NACK); it is not yet valid; its issuer is missing from the chain; it is older than the files; it should
 * have been renewed.
 */
export const nameConditions = [
  "missing",
  "expired",
  "refused",
  "not-yet-valid",
  "incomplete",
  "previous",
  "expiring",
] as const;

export type NameCondition = (typeof nameConditions)[number];

/** A report with its conditions at one moment; none if all is well. */
export interface JudgedName extends FileNameReport {
  readonly conditions: readonly NameCondition[];
  readonly refusal: RefusedName | undefined;
}

export function judgeName(report: FileNameReport, refusal: RefusedName | undefined, now: Date): JudgedName {
  const { served, failure } = report;
  const stage = served && validityStage(served, now);
  const holds: Record<NameCondition, boolean> = {
    missing: served === undefined && failure !== undefined,
    refused: refusal !== undefined,
    previous: served !== undefined && failure !== undefined,
    expired: stage === "expired",
    incomplete: served?.lacksIssuer === true,
    "not-yet-valid": stage === "not-yet-valid",
    expiring: stage === "expiring",
  };
  return { ...report, refusal, conditions: nameConditions.filter((condition) => holds[condition]) };
}

/** Orders names by their worst condition, then by expiry, then by name. */
export function worstFirst(a: JudgedName, b: JudgedName): number {
  const severity = severityOf(a) - severityOf(b);
  if (severity !== 0) return severity;
  const expiry = expiryOf(a) - expiryOf(b);
  if (expiry !== 0 && !Number.isNaN(expiry)) return expiry;
  return a.name < b.name ? -1 : 1;
}

function severityOf({ conditions: [worst] }: JudgedName): number {
  return worst === undefined ? nameConditions.length : nameConditions.indexOf(worst);
}

function expiryOf({ served }: JudgedName): number {
  return served?.notAfter.getTime() ?? 0;
}
