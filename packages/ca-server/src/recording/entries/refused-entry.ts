import { entryVersion, type RefusedEntry } from "@kasbah/ledger";
import { CaError, type CaErrorCode } from "../../errors.ts";
import type { KnownFacts } from "../../issuance/issue-certificate.ts";
import { boundedText } from "../bounded-text.ts";
import { callerEntry } from "./caller-entry.ts";

/** A call that the CA refused. */
export interface CallRefusal {
  readonly time: Date;
  readonly referenceId: string;
  readonly traceId?: string | undefined;
  readonly peerAddress: string;
  readonly code: CaErrorCode | "INTERNAL";
  /** The facts that were known when the call was refused. */
  readonly known: KnownFacts;
  readonly error: unknown;
}

const maxCauses = 5;
const maxCauseBytes = 300;
const maxTextBytes = 600;

export function refusedEntry({
  time,
  referenceId,
  traceId,
  peerAddress,
  code,
  known,
  error,
}: CallRefusal): RefusedEntry {
  const { caller, subject, rule } = known;
  const facts = error instanceof CaError ? error.facts : {};
  const causes = causesOf(error);
  return {
    v: entryVersion,
    kind: "refused",
    time: time.toISOString(),
    referenceId,
    traceId,
    code,
    peerAddress,
    caller: caller === undefined ? undefined : callerEntry(caller),
    spiffeId: subject?.toString(),
    rule: bounded(facts.rule ?? rule),
    problem: bounded(error instanceof CaError ? error.problem : messageOf(error)),
    expected: bounded(facts.expected),
    seen: bounded(facts.seen),
    fix: bounded(facts.fix),
    causes: causes.length === 0 ? undefined : causes,
  };
}

/**
 * The messages of an error's causes. Each component guarantees that its errors contain no token and no key.
 */
function causesOf(error: unknown): readonly string[] {
  const causes: string[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && causes.length < maxCauses) {
    causes.push(messageOf(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}

function messageOf(error: unknown): string {
  return boundedText(error instanceof Error ? error.message : String(error), maxCauseBytes);
}

function bounded<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : boundedText(text, maxTextBytes);
}
