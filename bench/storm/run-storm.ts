import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { recordedIn } from "../../test/harness/recorded-entries.ts";
import { cpuSecondsOf, memoryOf } from "../process-figures.ts";
import type { StormPlan, StormReport } from "./plan.ts";

export interface StormTarget {
  /** Of the CA, whose child processes count too. */
  readonly pid: number;
  readonly stateDir: string;
  /** Other processes whose CPU time is part of the service, by name. */
  readonly helpers: Readonly<Record<string, number>>;
}

/** A storm, and what it cost. */
export interface StormResult extends StormReport {
  readonly cpuOf: Readonly<Record<string, number>>;
  readonly peakMib: number;
  /** Serials that only a client or only the ledger has. */
  readonly differences: number;
}

const clientPath = fileURLToPath(new URL("client.ts", import.meta.url));
const sampleEveryMs = 100;

/** Runs the pods of the plan in a process of their own, and compares their certificates with the CA's ledger. */
export async function runStorm(folder: string, plan: StormPlan, target: StormTarget): Promise<StormResult> {
  const [planPath, reportPath] = [join(folder, "plan.json"), join(folder, "report.json")];
  await writeFile(planPath, JSON.stringify(plan), { mode: 0o600 });
  const before = await serialsIn(target.stateDir);
  const measured = { CA: target.pid, ...target.helpers };
  const spent = cpuOf(measured);
  let peakMib = 0;
  const sampling = setInterval(() => {
    peakMib = Math.max(peakMib, memoryOf(target.pid).rssMib);
  }, sampleEveryMs);
  const args = ["--conditions=kasbah-source", clientPath, planPath, reportPath];
  const client = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(client, "exit").finally(() => clearInterval(sampling));
  if (code !== 0) throw new Error(`the storm's client ended with ${code}`);
  const report = JSON.parse(await readFile(reportPath, "utf8")) as StormReport;
  const total = cpuOf(measured);
  const used = Object.keys(measured).map((name) => [name, (total[name] ?? 0) - (spent[name] ?? 0)]);
  const recorded = [...(await serialsIn(target.stateDir))].filter((serial) => !before.has(serial));
  const held = report.pods.flatMap(({ serial }) => serial ?? []);
  const differences = countUnshared(recorded, held);
  return {
    ...report,
    cpuOf: { client: report.cpuSeconds, ...Object.fromEntries(used) },
    peakMib,
    differences,
  };
}

function cpuOf(processes: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
}

async function serialsIn(stateDir: string): Promise<Set<string>> {
  const entries = await recordedIn(stateDir);
  return new Set(entries.flatMap((entry) => (entry.kind === "issued" ? [entry.serial] : [])));
}

function countUnshared(some: readonly string[], others: readonly string[]): number {
  const [one, other] = [new Set(some), new Set(others)];
  return some.filter((each) => !other.has(each)).length + others.filter((each) => !one.has(each)).length;
}
