import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { acceptLossAct, encodeEntry, ledgerAct, prunedAct } from "@kasbah/ledger";
import type { Discovery } from "../../../harness/ledger/judge-trial.ts";
import type { LedgerTrial, TrialOptions } from "../../../harness/ledger/ledger-trial.ts";

export type Attack = (trial: LedgerTrial) => Promise<unknown>;
export type Row = readonly [name: string, discovery: Discovery, attack: Attack, options?: TrialOptions];

export const remove = (path: string) => rm(path, { recursive: true });
export const forgetTree: Attack = async ({ directory }) => {
  for (const path of [directory.checkpoint, join(directory.path, "tile"), directory.index])
    await rm(path, { recursive: true, force: true });
};
export const forgetControl: Attack = ({ path }) => rm(join(path, "control"), { recursive: true });
export const both =
  (...attacks: readonly Attack[]): Attack =>
  async (trial) => {
    for (const attack of attacks) await attack(trial);
  };
export const pipe: (path: string) => Promise<void> = async (path) => {
  await rm(path);
  execFileSync("mkfifo", [path]);
};
export const folder = async (path: string) => {
  await rm(path);
  await mkdir(path);
};
export const originOf = async ({ directory }: LedgerTrial) =>
  (await readFile(directory.checkpoint, "utf8")).split("\n")[0] ?? "";
export const now = new Date("2030-01-02T00:00:01Z");
export const pruning = `${Buffer.from(encodeEntry(ledgerAct(prunedAct, { first: 512, entries: 512 }, now)))}`;
export const acceptance = pruning.replace(prunedAct, acceptLossAct);
