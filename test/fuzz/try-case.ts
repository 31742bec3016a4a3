import type { Target, Verdict } from "./target.ts";

const defaultBudgetMs = 50;

/** An input that broke a property or exceeded its time budget. */
export class BrokenProperty extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "BrokenProperty";
  }
}

/**
 * Runs one input through a target, and measures the CPU time of this thread. A slow run is repeated twice,
 * because the compiler or the garbage collector may have slowed the first.
 * @throws BrokenProperty
 */
export async function tryCase(target: Target, input: Uint8Array): Promise<Verdict> {
  const { budgetMs = defaultBudgetMs } = target;
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const { verdict, ms } = await timed(target, input);
    fastest = Math.min(fastest, ms);
    if (fastest < budgetMs) return verdict;
  }
  throw new BrokenProperty(`${target.name} takes ${Math.round(fastest)} ms for ${input.length} bytes`);
}

async function timed(target: Target, input: Uint8Array): Promise<{ verdict: Verdict; ms: number }> {
  const { stackTraceLimit } = Error;
  // Test runners keep full stack traces, which makes errors in deep recursion expensive; the daemons keep ten
  // frames.
  Error.stackTraceLimit = 10;
  const before = process.threadCpuUsage();
  try {
    const verdict = await target.check(input);
    const { user, system } = process.threadCpuUsage(before);
    return { verdict, ms: (user + system) / 1000 };
  } catch (cause) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new BrokenProperty(`${target.name}: ${what}`, { cause });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
