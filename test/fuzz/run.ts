import fc from "fast-check";
import type { Target } from "./target.ts";
import { BrokenProperty, tryCase } from "./try-case.ts";

/** The result of running many inputs through one target. */
export interface Outcome {
  readonly runs: number;
  readonly accepted: number;
  readonly failure?: Failure;
}

export interface Failure {
  /** The shrunk input. */
  readonly input: Uint8Array;
  readonly problem: string;
  /** The seed that reproduces the failure. */
  readonly seed: number;
}

/** Runs `runs` inputs and calls `begin` before each; the same seed produces the same inputs. */
export async function runTarget(
  target: Target,
  seed: number,
  runs: number,
  begin: (input: Uint8Array) => void = () => undefined,
): Promise<Outcome> {
  let tried = 0;
  let accepted = 0;
  const property = fc.asyncProperty(target.inputs, async (input) => {
    tried += 1;
    begin(input);
    if ((await tryCase(target, input)) === "accepted") accepted += 1;
  });
  const { counterexample, errorInstance } = await fc.check(property, { seed, numRuns: runs });
  const [input] = counterexample ?? [];
  if (input === undefined) return { runs: tried, accepted };
  return { runs: tried, accepted, failure: { input, problem: problemOf(errorInstance), seed } };
}

function problemOf(error: unknown): string {
  if (!(error instanceof BrokenProperty)) return String(error);
  const { message, cause } = error;
  const stack = cause instanceof Error ? `\n${cause.stack?.split("\n").slice(1, 6).join("\n")}` : "";
  return `${message}${stack}`;
}
