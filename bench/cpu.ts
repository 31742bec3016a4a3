const rounds = 300;

/** A name for the report, and the function to measure. */
export type Step = readonly [name: string, step: () => unknown];

/**
 * CPU time of one round in microseconds, after as many rounds of warm-up; includes the kernel and Node.js's
 * own threads.
 */
export async function cpuUsOf(step: () => unknown): Promise<number> {
  for (let round = 0; round < rounds; round += 1) await step();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
