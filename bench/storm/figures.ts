import { type Figure, percentile } from "../report.ts";
import type { StormResult } from "./run-storm.ts";

const cores = 2;

/** The figures of one storm, for people. */
export function stormFigures(topic: string, result: StormResult): readonly Figure[] {
  const { pods, tookMs, cpuOf, peakMib, differences } = result;
  const servedMs = pods.flatMap((pod) => pod.servedMs ?? []);
  const figure = (name: string, value: number, unit: string): Figure => ({ topic, name, value, unit });
  const cpuMs = Object.values(cpuOf).reduce((sum, seconds) => sum + seconds, 0) * (1_000 / servedMs.length);
  const perSecond = servedMs.length / (tookMs / 1_000);
  const possible = (cores * 1_000) / cpuMs;
  return [
    figure("pods", pods.length, ""),
    figure("pods served", servedMs.length, ""),
    figure("serials that only the ledger or only a client has", differences, ""),
    figure("time until all were served", tookMs / 1_000, "s"),
    figure("pods per second", perSecond, "/s"),
    figure("CPU of all processes per pod", cpuMs, "ms"),
    figure("pods per second that two cores allow", possible, "/s"),
    figure("part of it that was reached", (100 * perSecond) / possible, "%"),
    ...[0.5, 0.99, 0.999].map((share) =>
      figure(`p${100 * share}, from a pod's start`, percentile(servedMs, share) / 1_000, "s"),
    ),
    ...Object.entries(cpuOf).map(([name, seconds]) =>
      figure(`CPU of ${name} per pod`, (seconds * 1_000) / servedMs.length, "ms"),
    ),
    figure("attempts per pod", sum(pods, "attempts") / pods.length, ""),
    figure("connections per pod", sum(pods, "connections") / pods.length, ""),
    ...Object.entries(result.failures).map(([reason, count]) => figure(`failed: ${reason}`, count, "")),
    figure("peak memory of the CA", peakMib, "MiB"),
    ...byNamespace(result, figure),
  ];
}

function sum(pods: StormResult["pods"], name: "attempts" | "connections"): number {
  return pods.reduce((total, pod) => total + pod[name], 0);
}

function byNamespace(
  { pods }: StormResult,
  figure: (name: string, value: number, unit: string) => Figure,
): readonly Figure[] {
  return [...new Set(pods.map(({ namespace }) => namespace))].flatMap((namespace) => {
    const own = pods.filter((pod) => pod.namespace === namespace);
    const times = own.flatMap(({ servedMs }) => servedMs ?? []);
    const of = `of ${own.length} pods in one namespace`;
    return [
      figure(`p50 ${of}`, percentile(times, 0.5) / 1_000, "s"),
      figure(`last ${of}`, Math.max(...times) / 1_000, "s"),
    ];
  });
}
