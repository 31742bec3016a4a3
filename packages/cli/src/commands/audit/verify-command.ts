import { readFile } from "node:fs/promises";
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
import { errnoOf } from "@kasbah/runtime";
import { Command } from "commander";
import { renderVerdict, type SlotVerdict } from "../../audit/render/verdict.ts";
import { CliError } from "../../errors.ts";
import { toJson } from "../../output/json.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type LedgerLocation, ledgerDirectoriesOf, withLedgerLocation } from "./location.ts";

interface VerifyOptions extends LedgerLocation {
  readonly key?: string;
  readonly checkpoint?: string;
  readonly json: boolean;
}

const help = `
Reads every entry, computes the Merkle tree anew, and holds it against tiles and the signed checkpoint. The first entry that
was changed, dropped, swapped or cut off is named with its line. It changes nothing, and the CA may run on meanwhile.

A key that lies beside the ledger proves that the parts agree with each other. Whoever could write there could have
put another in its place: keep ledger-key.pub and a checkpoint now and then somewhere else, and give them here.

Exit code 0 when every entry is as it was signed for, 1 when one is not or it could not look.

Examples
  $ kasbah audit verify
  $ kasbah audit verify --key ledger-key.pub --checkpoint checkpoint.2026-11-01
  $ kasbah audit verify --json | jq '.ledgers[].findings[0]'`;

/** `kasbah audit verify`. */
export function auditVerifyCommand(deps: CommandDeps): Command {
  const command = new Command("verify").description(
    "read the whole ledger, and name the first entry that is not as it was signed for",
  );
  return withLedgerLocation(command)
    .option("--key <file>", "verify by this key, and not by the one beside the ledger")
    .option(
      "--checkpoint <file>",
      "a checkpoint of before that you kept: the ledger must have grown out of it",
    )
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
  // On a terminal, to the same place each time; what is written next takes its line.
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
    return parseVerifierKey((await readText(path)).trim());
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new CliError("TARGET_INVALID", `${path}: ${error.message}`, { cause: error });
  }
}

async function readKept(path: string, verifier: NoteVerifier): Promise<Checkpoint> {
  const note = await readText(path);
  try {
    return openCheckpoint(note, verifier, verifier.name);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new CliError("TARGET_INVALID", `${path}: ${error.message}`, { cause: error });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError("TARGET_INVALID", `${path} cannot be read: ${errnoOf(error) ?? "unknown"}`, {
      cause: error,
    });
  }
}
