/** The steps in which a call becomes a certificate, in their order (ARCHITECTURE.md). */
export type IssuanceStep = "authenticate" | "parse" | "approve" | "issue" | "record" | "reply";

/** Follows one call through its steps. No method throws or waits. */
export interface CallTrace {
  /** The W3C trace id that operators find the call by; undefined if its trace is not kept anywhere. */
  readonly traceId: string | undefined;
  /** Begins a step, which ends the step before. */
  step(step: IssuanceStep): void;
  /** Marks a moment within the step. */
  note(moment: string): void;
}
