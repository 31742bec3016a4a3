import type { ConsoleError } from "../api.ts";

/** What the page knows from one address: the last data with its age, and why there is nothing newer. */
export interface PolledAnswer<T> {
  readonly data?: T | undefined;
  /** When the data was received, by the browser's clock. */
  readonly receivedAt?: number | undefined;
  /** When the data was last known to be current: received, or reported as unchanged. */
  readonly confirmedAt?: number | undefined;
  readonly failure?: Failure | undefined;
}

interface Failure {
  /** `ended`: the command does not answer; `session`: it does not know this page; `refused`: it reports an error. */
  readonly kind: "ended" | "session" | "refused";
  readonly error: ConsoleError;
  readonly since: number;
}

export type Reply<T> =
  | { readonly kind: "data"; readonly data: T }
  | { readonly kind: "unchanged" }
  | { readonly kind: Failure["kind"]; readonly error: ConsoleError };

/** The last data stays when a request fails, and a failure keeps the time at which it began. */
export function nextAnswer<T>(answer: PolledAnswer<T>, reply: Reply<T>, now: number): PolledAnswer<T> {
  if (reply.kind === "data") return { data: reply.data, receivedAt: now, confirmedAt: now };
  if (reply.kind === "unchanged") return { ...answer, confirmedAt: now, failure: undefined };
  const since = answer.failure?.since ?? now;
  return { ...answer, failure: { kind: reply.kind, error: reply.error, since } };
}
