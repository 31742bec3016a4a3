import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ledgerDirectoryAt } from "@kasbah/ledger";
import { temporaryDirectory } from "@kasbah/testkit";
import { writeSignedLedger } from "@kasbah/testkit/ledger";
import { CaProcess } from "../ca-process.ts";
import { currentKasbah, runKasbahCommand } from "../kasbah-command.ts";
import { saveIssuer } from "../token-issuer.ts";
import type { Discovery } from "./judge-trial.ts";
import type { LedgerTrial } from "./ledger-trial.ts";

/** A stopped CA's state directory, written by kasbah-server itself, with a ledger of three segments. */
export interface ProcessPristine {
  readonly stateDirectory: string;
  /** A copy from before the last start. */
  readonly olderDirectory: string;
  /** Files with the key and the last checkpoint, as an auditor keeps them. */
  readonly kept: { readonly key: string; readonly checkpoint: string };
  readonly flags: readonly string[];
  remove(): Promise<void>;
}

export async function writeProcessPristine(): Promise<ProcessPristine> {
  const directory = await temporaryDirectory();
  const [stateDirectory, olderDirectory] = [directory.join("state"), directory.join("older")];
  const { flags } = await saveIssuer(directory.join("issuer"));
  await currentKasbah(["init", "--state-dir", stateDirectory]);
  const ledger = await writeSignedLedger(1_300);
  await rm(join(stateDirectory, "ledger"), { recursive: true });
  await cp(join(ledger.stateDirectory, "ledger"), join(stateDirectory, "ledger"), { recursive: true });
  await ledger.remove();
  await startAndStop(stateDirectory, flags);
  await cp(stateDirectory, olderDirectory, { recursive: true });
  await startAndStop(stateDirectory, flags);
  const own = ledgerDirectoryAt(join(stateDirectory, "ledger"));
  const kept = { key: directory.join("kept.pub"), checkpoint: directory.join("kept.checkpoint") };
  await writeFile(kept.key, await readFile(own.verifierKey));
  await writeFile(kept.checkpoint, await readFile(own.checkpoint));
  return { stateDirectory, olderDirectory, kept, flags, remove: () => directory.remove() };
}

/** Starts kasbah-server; returns its warnings, or its log if it did not start. */
async function startAndStop(stateDir: string, flags: readonly string[]): Promise<readonly string[] | string> {
  const ca = new CaProcess({ stateDir, flags });
  try {
    await ca.untilReady();
  } catch {
    if (!ca.hasExited) throw new Error(`the CA neither started nor stopped:\n${ca.log}`);
    return ca.log;
  }
  const { warnings = [] } = await ca.readiness();
  await ca.stop();
  return warnings;
}

export interface ProcessVerdict {
  readonly discovery: Discovery;
  /** Whether `kasbah audit verify` found it on the stopped CA, before the next start. */
  readonly isSeenWhileStopped: boolean;
  /** What an operator reads. */
  readonly words: string;
}

/** Looks at a manipulated directory as an operator does: verify, start, look at the warnings, stop, verify. */
export async function judgeProcess(
  { path }: LedgerTrial,
  { kept, flags }: ProcessPristine,
): Promise<ProcessVerdict> {
  const verify = (...argv: readonly string[]) => runKasbahCommand(path, ["audit", "verify", ...argv]);
  const stopped = await verify();
  if (/^ +at /m.test(stopped.err)) throw new Error(`kasbah audit verify failed:\n${stopped.err}`);
  const isSeenWhileStopped = stopped.code !== 0;
  const warnings = await startAndStop(path, flags);
  const verdict = (discovery: Discovery, words: string) => ({ discovery, isSeenWhileStopped, words });
  if (typeof warnings === "string") return verdict("refused", `${stopped.out}\n${warnings}`);
  const own = await verify();
  const words = [stopped.out, ...warnings, own.out].join("\n");
  if (warnings.some((warning) => warning.startsWith("LEDGER_LOST")))
    return verdict(own.code === 0 ? "silent" : "lost", words);
  if (own.code !== 0) return verdict("broken", words);
  if ((own.out.match(/^ {2}note/gm) ?? []).length > noteOfThePristine) return verdict("noted", words);
  const elsewhere = await verify("--key", kept.key, "--checkpoint", kept.checkpoint);
  return verdict(elsewhere.code === 0 ? "intact" : "kept", elsewhere.out);
}

/** The pristine ledger says once when it got its anchor. */
const noteOfThePristine = 1;
