import { scenarioName } from "../suites/issuance/scenarios.ts";
import { stormTime } from "../suites/storm/time.ts";
import type { Figure } from "./figures.ts";
import type { Row } from "./row.ts";

/** The share of one core that a CA should use on an ordinary day; the rest is for pods that start at once. */
const ordinaryShare = 0.5;
const lifetimes = [
  { name: "24 h", seconds: 86_400 },
  { name: "1 h", seconds: 3_600 },
  { name: "10 min", seconds: 600 },
] as const;

/** The run in a few sentences, as far as the suites that were measured tell. */
export function summaryOf(rows: readonly Row[], figures: readonly Figure[], ours: string): string {
  const own = rows.filter(({ ca }) => ca === ours);
  const named = (name: string) => own.find((row) => row.suite === "issuance" && row.name === name);
  const [kept, fresh] = [named(scenarioName({ callers: 64 })), named(scenarioName({ newConnections: true }))];
  const lines = [
    ...(kept === undefined ? [] : [rateLine(kept, "64 callers, connections kept")]),
    ...(fresh === undefined
      ? []
      : [rateLine(fresh, "16 callers, a new connection for each"), ...podLines(fresh)]),
    ...workerLines(kept, named(scenarioName({ callers: 64, workers: 2 }))),
    ...stormLines(figures),
  ];
  return lines.length === 0 ? "" : `Summary\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function rateLine({ perSecond, cpuMs, timesOpenssl }: Row, how: string): string {
  const perCore = Math.round(1000 / cpuMs.median);
  return `${Math.round(perSecond.median)} certificates a second beside the load generator; one core could issue ${perCore}/s (${timesOpenssl.median.toFixed(1)} × openssl): ${how}`;
}

/** Pods renew at half of the lifetime, each over a new connection. */
function podLines({ cpuMs }: Row): readonly string[] {
  const perSecond = (ordinaryShare * 1000) / cpuMs.median;
  const pods = lifetimes.map(({ name, seconds }) => `${roundDown(perSecond * (seconds / 2))} at ${name}`);
  return [
    `pods that a CA carries with half of one core, renewed at half of their lifetime: ${pods.join(", ")}`,
  ];
}

function workerLines(one: Row | undefined, two: Row | undefined): readonly string[] {
  if (one === undefined || two === undefined) return [];
  const faster = (two.perSecond.median / one.perSecond.median).toFixed(2);
  const dearer = (two.cpuMs.median / one.cpuMs.median).toFixed(2);
  return [`two workers: ${faster} × the certificates a second, ${dearer} × the CPU of each`];
}

function stormLines(figures: readonly Figure[]): readonly string[] {
  return figures
    .filter(({ name }) => name === stormTime)
    .map(({ topic, value, unit }) => `${topic}: all served in ${value.toFixed(1)} ${unit}`);
}

/** Two digits: more would pretend to a precision that no run has. */
function roundDown(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return (Math.floor(value / unit) * unit).toLocaleString("en-US");
}
