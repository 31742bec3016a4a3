import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { encodeEntry, noAnchors, prepareLedgerDirectory } from "@kasbah/ledger";
import { createCertificateRequest, createKeyPair } from "@kasbah/pki";
import { type Component, cronSweep, systemClock } from "@kasbah/runtime";
import { createTestAuthority, recordingLogger } from "@kasbah/testkit";
import { createIssuance } from "../packages/ca-server/src/issuance/issue-certificate.ts";
import { callFor, frontend, openDeps } from "../packages/ca-server/src/issuance/open-admission.fixture.ts";
import type { IssuanceFacts, Ledger } from "../packages/ca-server/src/issuance/ports.ts";
import { type CaLedger, createLedger } from "../packages/ca-server/src/recording/create-ledger.ts";
import { issuedEntry } from "../packages/ca-server/src/recording/entries/issued-entry.ts";
import { type Figure, percentile } from "./report.ts";

const topic = "The ledger: the cost of recording certificates";
const callersOfRuns = [1, 16, 256];
const callsOfARun = 512;
const rounds = 3;
const manyEntries = 1_000_000;
const entriesOfACost = 10_000;
const atOnce = 500;

/**
 * Compares certificates with and without the ledger, alternating in one process, then measures the cost of an
 * entry as the ledger grows.
 */
export async function measureLedgerCost(folder: string): Promise<readonly Figure[]> {
  const ledger = await open(join(folder, "ledger"));
  const figures: Figure[] = [];
  const seen: IssuanceFacts[] = [];
  const without: Ledger = { record: async (record) => void seen.push(record) };
  for (const callers of callersOfRuns) figures.push(...(await compare(callers, ledger.decisions, without)));
  const [sample] = seen;
  if (sample === undefined) throw new Error("no certificate was issued");
  figures.push(...(await measureGrowth(ledger, encodeEntry(issuedEntry(sample)))));
  await stop(ledger.components);
  const startedMs = systemClock.monotonicMs();
  const again = await open(join(folder, "ledger"));
  figures.push({ topic, name: "start with a million entries", value: since(startedMs), unit: "ms" });
  await stop(again.components);
  return figures;
}

interface Run {
  readonly ms: number;
  readonly latenciesMs: readonly number[];
}

async function compare(callers: number, on: Ledger, off: Ledger): Promise<readonly Figure[]> {
  const issueOn = await issuing(on);
  const issueOff = await issuing(off);
  const runs: { on: Run[]; off: Run[] } = { on: [], off: [] };
  for (let round = 0; round < rounds; round += 1) {
    runs.off.push(await run(issueOff, callers));
    runs.on.push(await run(issueOn, callers));
  }
  const rate = (all: readonly Run[]) =>
    (all.length * callsOfARun * 1_000) / all.reduce((sum, { ms }) => sum + ms, 0);
  const p99 = (all: readonly Run[]) =>
    percentile(
      all.flatMap(({ latenciesMs }) => latenciesMs),
      0.99,
    );
  const at = `${callers} caller${callers === 1 ? "" : "s"}`;
  const against = (ratio: number) => ({ ratio, of: "without it" });
  const [value, p99On] = [rate(runs.on), p99(runs.on)];
  return [
    { topic, name: `certificates, ${at}`, value, unit: "/s", against: against(value / rate(runs.off)) },
    { topic, name: `p99, ${at}`, value: p99On, unit: "ms", against: against(p99On / p99(runs.off)) },
  ];
}

async function issuing(ledger: Ledger): Promise<() => Promise<unknown>> {
  const parts = { ...openDeps(await createTestAuthority(), systemClock, []), ledger };
  const authority = createIssuance(parts);
  const csrPem = createCertificateRequest(await createKeyPair("P-256"), frontend);
  return () => authority.createCertificate(callFor({ csrPem }));
}

async function run(issue: () => Promise<unknown>, callers: number): Promise<Run> {
  const latenciesMs: number[] = [];
  const startedMs = systemClock.monotonicMs();
  let left = callsOfARun;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const sentMs = systemClock.monotonicMs();
      await issue();
      latenciesMs.push(since(sentMs));
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { ms: since(startedMs), latenciesMs };
}

/**
 * Measures the CPU time of one entry in all threads, index and tree included, in a small ledger and in one
 * with a million entries.
 */
async function measureGrowth(ledger: CaLedger, entry: Uint8Array): Promise<readonly Figure[]> {
  await append(ledger, entry, entriesOfACost);
  const early = await costOf(ledger, entry);
  await append(ledger, entry, manyEntries - ledger.log.size);
  const late = await costOf(ledger, entry);
  const against = { ratio: late / early, of: "an early entry" };
  return [
    { topic, name: "an early entry", value: early, unit: "µs" },
    { topic, name: "an entry after a million", value: late, unit: "µs", against },
  ];
}

async function costOf(ledger: CaLedger, entry: Uint8Array): Promise<number> {
  const before = process.cpuUsage();
  await append(ledger, entry, entriesOfACost);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / entriesOfACost;
}

/** Resolves when the tree and the index contain the entries, too. */
async function append({ log, settled }: CaLedger, entry: Uint8Array, count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - done) }, () => log.append(entry)));
  await settled();
}

async function open(path: string): Promise<CaLedger> {
  const ledger = createLedger({
    directory: await prepareLedgerDirectory(path),
    trustDomain: "cluster.local",
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: 365 * 86_400_000,
    sweeps: {
      second: cronSweep("* * * * * *"),
      minute: cronSweep("45 * * * * *"),
      hour: cronSweep("0 17 * * * *"),
      anchor: cronSweep("43 */5 * * * *"),
      copy: cronSweep("*/10 * * * * *"),
      space: cronSweep("*/10 * * * * *"),
    },
    anchors: { ...noAnchors, others: () => [] },
    replica: "bench",
    peersFile: `${path}-peers.json`,
    spaceLimit: "auto",
    strict: false,
    checkpointTo: undefined,
    metrics: { refusalDropped: () => undefined, alarmRaised: () => undefined, nameIsNew: () => undefined },
    holds: () => undefined,
    clock: systemClock,
    logger: recordingLogger(),
  });
  for (const component of ledger.components) await component.start();
  return ledger;
}

async function stop(components: readonly Component[]): Promise<void> {
  for (const component of components.toReversed()) await component.stop();
}

function since(startedMs: number): number {
  return systemClock.monotonicMs() - startedMs;
}
