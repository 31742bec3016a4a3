import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { recordedIn } from "../../test/harness/recorded-entries.ts";
import type { StormPlan, StormReport } from "./plan.ts";
import { cpuSecondsOfAll, peakMemoryMib } from "./process-use.ts";
import type { StormScene } from "./scene.ts";

/** A storm, and what it cost. */
export interface StormResult extends StormReport {
  /** The CPU seconds of each process during the storm. */
  readonly cpuOf: Readonly<Record<string, number>>;
  readonly peakMib: number;
  /** How often the CA asked the API server; undefined without one. */
  readonly reviews: number | undefined;
  /** Certificates that clients hold and the ledger does not have. */
  readonly onlyHeld: number;
  /** Certificates in the ledger whose clients had given up. */
  readonly onlyRecorded: number;
}

const clientPath = fileURLToPath(new URL("client.ts", import.meta.url));

export type StormManner = Pick<StormPlan, "agents" | "overMs" | "patienceMs">;

/** Restarts the pods of the scene in a process of their own, and compares their certificates with the CA's ledger. */
export async function runStorm(folder: string, scene: StormScene, manner: StormManner): Promise<StormResult> {
  const { ca, pods, helpers } = scene;
  const { port, rootPem, stateDir } = ca;
  const before = new Set(await serialsIn(stateDir));
  const measured = { CA: ca.pid, ...helpers };
  const spent = cpuOf(measured);
  const report = await runClient(folder, { ...manner, port, rootPem, pods });
  const total = cpuOf(measured);
  const used = Object.keys(measured).map((name) => [name, (total[name] ?? 0) - (spent[name] ?? 0)]);
  const recorded = (await serialsIn(stateDir)).filter((serial) => !before.has(serial));
  const held = report.pods.flatMap(({ serial }) => serial ?? []);
  return {
    ...report,
    cpuOf: { client: report.cpuSeconds, ...Object.fromEntries(used) },
    peakMib: peakMemoryMib(ca.pid),
    reviews: await reviewsOf(scene),
    onlyHeld: countMissing(held, recorded),
    onlyRecorded: countMissing(recorded, held),
  };
}

async function runClient(folder: string, plan: StormPlan): Promise<StormReport> {
  const [planPath, reportPath] = [join(folder, "plan.json"), join(folder, "report.json")];
  await writeFile(planPath, JSON.stringify(plan), { mode: 0o600 });
  const args = ["--conditions=kasbah-source", clientPath, planPath, reportPath];
  const client = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(client, "exit");
  if (code !== 0) throw new Error(`the storm's client ended with ${code}`);
  return JSON.parse(await readFile(reportPath, "utf8"));
}

function cpuOf(processes: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, cpuSecondsOfAll(pid)]));
}

async function reviewsOf({ ca }: StormScene): Promise<number | undefined> {
  const series = 'kasbah_token_reviews{from="api-server"}';
  const line = (await ca.process.status("/metrics")).split("\n").find((each) => each.startsWith(series));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

async function serialsIn(stateDir: string): Promise<readonly string[]> {
  const entries = await recordedIn(stateDir);
  return entries.flatMap((entry) => (entry.kind === "issued" ? [entry.serial] : []));
}

/** How many of `some` are not among the others. */
function countMissing(some: readonly string[], others: readonly string[]): number {
  const known = new Set(others);
  return some.filter((each) => !known.has(each)).length;
}
