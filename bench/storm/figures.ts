import type { StormResult } from "./run-storm.ts";

export interface StormFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const cores = 2;

/** The figures of one storm, for people. */
export function stormFigures(result: StormResult): readonly StormFigure[] {
  const { pods, tookMs, cpuOf, peakMib, onlyHeld, onlyRecorded } = result;
  const servedMs = pods.flatMap((pod) => pod.servedMs ?? []);
  const cpuMs = Object.values(cpuOf).reduce((sum, seconds) => sum + seconds, 0) * (1_000 / servedMs.length);
  const perSecond = servedMs.length / (tookMs / 1_000);
  const possible = (cores * 1_000) / cpuMs;
  return [
    figure("pods", pods.length),
    figure("pods served", servedMs.length),
    figure("certificates that only a client has", onlyHeld),
    figure("certificates that only the ledger has", onlyRecorded),
    figure("time until all were served", tookMs / 1_000, "s"),
    figure("pods per second", perSecond, "/s"),
    figure("CPU of all processes per pod", cpuMs, "ms"),
    figure("pods per second that two cores allow", possible, "/s"),
    figure("part of it that was reached", (100 * perSecond) / possible, "%"),
    ...[0.5, 0.99, 0.999].map((share) =>
      figure(`p${100 * share}, from a pod's start`, quantile(servedMs, share) / 1_000, "s"),
    ),
    ...Object.entries(cpuOf).map(([name, seconds]) =>
      figure(`CPU of ${name} per pod`, (seconds * 1_000) / servedMs.length, "ms"),
    ),
    ...(result.reviews === undefined ? [] : [figure("TokenReviews", result.reviews)]),
    figure("attempts per pod", mean(pods, "attempts")),
    figure("connections per pod", mean(pods, "connections")),
    ...Object.entries(result.failures).map(([reason, count]) => figure(`failed: ${reason}`, count)),
    figure("peak memory of the CA", peakMib, "MiB"),
    ...byNamespace(result),
  ];
}

/** Renders an aligned table. */
export function renderStorm(title: string, figures: readonly StormFigure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const rows = figures.map(({ name, value, unit }) => {
    const digits = Number.isInteger(value) ? 0 : 2;
    return `  ${name.padEnd(width)} ${value.toFixed(digits).padStart(9)} ${unit}`.trimEnd();
  });
  return `${title}\n${rows.join("\n")}\n`;
}

function figure(name: string, value: number, unit = ""): StormFigure {
  return { name, value, unit };
}

function mean(pods: StormResult["pods"], name: "attempts" | "connections"): number {
  return pods.reduce((total, pod) => total + pod[name], 0) / pods.length;
}

function byNamespace({ pods }: StormResult): readonly StormFigure[] {
  return [...Map.groupBy(pods, ({ namespace }) => namespace).values()].flatMap((own) => {
    const times = own.flatMap(({ servedMs }) => servedMs ?? []);
    const of = `of the ${own.length} pods of a namespace`;
    return [
      figure(`p50 ${of}`, quantile(times, 0.5) / 1_000, "s"),
      figure(`last ${of}`, Math.max(...times) / 1_000, "s"),
    ];
  });
}

function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
