import type { ConsoleRefusal } from "../api.ts";
import { shortName } from "../words/spiffe-words.ts";

export interface RefusalChoice {
  readonly text: string;
  readonly code?: string | undefined;
}

/** The refusals with a code that contain every word of the text. */
export function chooseRefusals(
  refusals: readonly ConsoleRefusal[],
  { text, code }: RefusalChoice,
): readonly ConsoleRefusal[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return refusals.filter(
    (refusal) =>
      (code === undefined || refusal.code === code) && words.every((word) => wordsOf(refusal).includes(word)),
  );
}

/** Who called: the identity without its form, or the address. */
export function callerWords({ caller, subject, peer }: ConsoleRefusal): string {
  const id = caller ?? subject;
  return id === undefined ? peer : shortName(id);
}

function wordsOf(refusal: ConsoleRefusal): string {
  const { reference, code, caller, subject, peer, problem, traceId, replica } = refusal;
  return [reference, code, caller, subject, peer, problem, traceId, replica, callerWords(refusal)]
    .join(" ")
    .toLowerCase();
}
