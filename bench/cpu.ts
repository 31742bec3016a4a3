const rounds = 300;

/** A name for the report, and what is measured. */
export type Step = readonly [name: string, step: () => unknown];

/** CPU of one round in microseconds, after as many to warm up; the kernel's share and that of Node's own threads are in it. */
export async function cpuUsOf(step: () => unknown): Promise<number> {
  for (let round = 0; round < rounds; round += 1) await step();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
