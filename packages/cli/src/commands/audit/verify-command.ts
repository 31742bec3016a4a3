import { join } from "node:path";
import {
  type Checkpoint,
  LedgerError,
  type NoteVerifier,
  openCheckpoint,
  parseVerifierKey,
  type Slot,
  slotsOf,
  verifyLedger,
} from "@kasbah/ledger";
import { Command } from "commander";
import { renderVerdict, type SlotVerdict } from "../../audit/render/verdict.ts";
import { CliError } from "../../errors.ts";
import { toJson } from "../../output/json.ts";
import { readArgument } from "../argument-files.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type LedgerLocation, ledgerDirectoriesOf, withLedgerLocation } from "./location.ts";

interface VerifyOptions extends LedgerLocation {
  readonly key?: string;
  readonly checkpoint?: string;
  readonly json: boolean;
}

const help = `
Reads every entry, recomputes the Merkle tree, and compares it with the tiles and the signed checkpoint. It reports the
first entry that was changed, dropped, reordered or truncated, with its line. The command changes nothing, and the CA can
keep running.

The key next to the ledger only proves that the ledger is consistent: anyone who can write there could replace the key,
too. Keep copies of ledger-key.pub and of checkpoints elsewhere, and pass them with --key and --checkpoint.

Exit codes
  0  every entry matches the signed checkpoint
  1  an entry does not match, or the verification failed

Examples
  $ kasbah audit verify
  $ kasbah audit verify --key ledger-key.pub --checkpoint checkpoint.2026-11-01
  $ kasbah audit verify --json | jq '.ledgers[].findings[0]'`;

/** `kasbah audit verify`. */
export function auditVerifyCommand(deps: CommandDeps): Command {
  const command = new Command("verify").description(
    "verify the whole ledger, and report the first entry that does not match",
  );
  return withLedgerLocation(command)
    .option("--key <file>", "verify with this key instead of the one next to the ledger")
    .option("--checkpoint <file>", "an older checkpoint that you kept: the ledger must be an extension of it")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((options: VerifyOptions) => verify(options, deps));
}

async function verify(options: VerifyOptions, deps: CommandDeps): Promise<void> {
  const verdicts: SlotVerdict[] = [];
  const directories = [...new Set(ledgerDirectoriesOf(options, deps))];
  for (const directory of directories) {
    for (const one of await slotsOf(directory)) {
      const slot = directories.length === 1 ? one.slot : join(directory, one.slot);
      verdicts.push(await verdictOn({ ...one, slot }, options, deps));
    }
  }
  const { screen } = deps;
  screen.write(options.json ? toJson({ ledgers: verdicts }) : verdicts.map(renderVerdict).join("\n"));
  const isSound = verdicts.every(({ findings }) => findings.length === 0);
  deps.setExitCode(isSound ? 0 : 1);
}

async function verdictOn(
  { slot, directory }: Slot,
  options: VerifyOptions,
  deps: CommandDeps,
): Promise<SlotVerdict> {
  const verifier = await readVerifier(options.key ?? directory.verifierKey);
  const kept = options.checkpoint === undefined ? undefined : await readKept(options.checkpoint, verifier);
  const { signal, screen } = deps;
  // On a terminal, overwrites the same line; the next output replaces it.
  const show = (text: string) => screen.interactive && deps.stderr.write(`\r\u001b[K${text}`);
  const onProgress = (done: number, total: number) =>
    show(`${Math.min(100, Math.floor((done / Math.max(1, total)) * 100))} % of ${total} entries`);
  const verdict = await verifyLedger({
    ...{ directory, verifier, onProgress, signal },
    ...(kept === undefined ? {} : { kept }),
  });
  show("");
  return { slot, keyFrom: options.key === undefined ? "beside the ledger" : "given", ...verdict };
}

async function readVerifier(path: string): Promise<NoteVerifier> {
  try {
    return parseVerifierKey((await readArgument(path)).trim());
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new CliError("TARGET_INVALID", `${path}: ${error.message}`, { cause: error });
  }
}

async function readKept(path: string, verifier: NoteVerifier): Promise<Checkpoint> {
  const note = await readArgument(path);
  try {
    return openCheckpoint(note, verifier, verifier.name);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new CliError("TARGET_INVALID", `${path}: ${error.message}`, { cause: error });
  }
}
