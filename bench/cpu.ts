const rounds = 300;

/** A step with its name in the report. */
export type Step = readonly [name: string, step: () => unknown];

/**
 * CPU time of one round in microseconds, kernel time and Node's own threads included. As many rounds run
 * first to warm up.
 */
export async function cpuUsOf(step: () => unknown): Promise<number> {
  for (let round = 0; round < rounds; round += 1) await step();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
