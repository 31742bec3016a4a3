import type { Row } from "../report/row.ts";
import { spreadOf } from "../statistics/spread.ts";
import type { Sample } from "./measured-ca.ts";

/** A sample with the unit that was measured in its round. */
export interface Compared extends Sample {
  readonly unitUs: number;
}

/** The row of all rounds of one kind of call to one CA. */
export function rowOf(
  { suite, name, ca, peakMib }: Pick<Row, "suite" | "name" | "ca" | "peakMib">,
  rounds: readonly Compared[],
): Row {
  const spread = (of: (round: Compared) => number) => spreadOf(rounds.map(of));
  return {
    suite,
    name,
    ca,
    perSecond: spread(({ perSecond }) => perSecond),
    cpuMs: spread(({ cpuMs }) => cpuMs),
    timesOpenssl: spread(({ cpuMs, unitUs }) => (cpuMs * 1000) / unitUs),
    p50Ms: spread(({ p50Ms }) => p50Ms),
    p99Ms: spread(({ p99Ms }) => p99Ms),
    p999Ms: spread(({ p999Ms }) => p999Ms),
    clientCpuMs: spread(({ clientCpuMs }) => clientCpuMs),
    peakMib,
    failures: sumOf(rounds.map(({ failures }) => failures)),
  };
}

function sumOf(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const [reason, count] of all.flatMap((one) => Object.entries(one)))
    sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}
