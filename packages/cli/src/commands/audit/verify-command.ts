import { join } from "node:path";
import {
  type Checkpoint,
  type KnownHead,
  LedgerError,
  type NoteVerifier,
  openCheckpoint,
  parseVerifierKey,
  type Slot,
  slotsOf,
  verifyLedger,
} from "@kasbah/ledger";
import type { KnownHeadsMessage } from "@kasbah/protocol";
import { ConfigInvalidError, errnoOf } from "@kasbah/runtime";
import { Command } from "commander";
import { headsOfLedger, readLocalHeads } from "../../audit/known-heads.ts";
import { renderVerdict, type SlotVerdict } from "../../audit/render/verdict.ts";
import { readCheckpointMap } from "../../cluster/audit/checkpoint-map.ts";
import { verifyReplicas } from "../../cluster/audit/verify-replicas.ts";
import { CliError } from "../../errors.ts";
import { type ClusterChoice, namesCluster } from "../../kubectl/cluster-choice.ts";
import { toJson } from "../../output/json.ts";
import { readArgument } from "../argument-files.ts";
import type { CommandDeps } from "../command-deps.ts";
import { headOption } from "./head-argument.ts";
import { type LedgerLocation, ledgerDirectoriesOf, withLedgerLocation } from "./location.ts";

interface VerifyOptions extends LedgerLocation, ClusterChoice {
  readonly head?: readonly KnownHead[];
  readonly key?: string;
  readonly checkpoint?: string;
  readonly json: boolean;
}

const help = `
Reads every entry, recomputes the Merkle tree, and compares it with the tiles and the signed checkpoint. It reports the
first entry that was changed, dropped, reordered or truncated, with its line. The command changes nothing, and the CA can
keep running.

The key next to the ledger only proves that the ledger is consistent: anyone who can write there could replace the key,
too. Keep copies of ledger-key.pub and of checkpoints elsewhere, and pass them with --key and --checkpoint. The command also
compares the ledger with the heads that kasbah audit heads lists. In a cluster, each replica's ledger is compared with what
the other replicas know about it.

Exit codes
  0  every entry matches the signed checkpoint
  1  an entry does not match, or the verification failed

Examples
  $ kasbah audit verify
  $ kasbah audit verify --key ledger-key.pub --checkpoint checkpoint.2026-11-01
  $ kasbah -n kasbah-system audit verify --checkpoint configmap:kasbah-checkpoints
  $ kasbah audit verify --json | jq '.ledgers[].findings[0]'`;

/** `kasbah audit verify`. */
export function auditVerifyCommand(deps: CommandDeps): Command {
  const command = new Command("verify").description(
    "verify the whole ledger, and report the first entry that does not match",
  );
  return withLedgerLocation(command)
    .option("--key <file>", "verify with this key instead of the one next to the ledger")
    .option(
      "--checkpoint <file>",
      "an older checkpoint that you kept: the ledger must be an extension of it; in a cluster, configmap:NAME",
    )
    .addOption(headOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((_, own: Command) => verify(own.optsWithGlobals<VerifyOptions>(), deps));
}

async function verify(options: VerifyOptions, deps: CommandDeps): Promise<void> {
  if (namesCluster(options)) return verifyCluster(options, deps);
  const verdicts: SlotVerdict[] = [];
  const directories = [...new Set(ledgerDirectoriesOf(options, deps))];
  const known = await knownHeads(directories, deps);
  for (const [at, directory] of directories.entries()) {
    const replica = known[at]?.replica ?? "";
    const own = known[at]?.heads.find((head) => head.replica === replica);
    const slots = await slotsOf(directory).catch((error: unknown) => {
      if (own === undefined || !(error instanceof LedgerError)) throw error;
      return [];
    });
    // Otherwise a renamed or deleted ledger would be no ledger at all.
    if (own !== undefined && !slots.some(({ slot }) => slot === ownSlot)) verdicts.push(missingVerdict(own));
    for (const one of slots) {
      const slot = directories.length === 1 ? one.slot : join(directory, one.slot);
      verdicts.push(
        await verdictOn(
          { ...one, slot },
          { ...options, known, replica: one.slot === ownSlot ? replica : "" },
          deps,
        ),
      );
    }
  }
  show(verdicts, options, deps);
}

/** A CA has one ledger. */
const ownSlot = "0";

function missingVerdict({ where, origin, size }: KnownHead): SlotVerdict {
  const problem = `the ledger is missing, but ${where} names ${size} entries of ${origin}`;
  return {
    ...{ slot: ownSlot, keyFrom: "beside the ledger", origin, first: 0, size: 0, signed: 0, notes: [] },
    findings: [{ place: "ledger", problem }],
  };
}

/** They are read before the ledgers, because running CAs go on. */
function knownHeads(
  directories: readonly string[],
  { operator }: CommandDeps,
): Promise<readonly KnownHeadsMessage[]> {
  return Promise.all(
    directories.map((directory) => readLocalHeads(directory, { origin: undefined, operator })),
  );
}

async function verifyCluster(options: VerifyOptions, deps: CommandDeps): Promise<void> {
  const { key, checkpoint, stateDir } = options;
  if (key !== undefined || stateDir !== undefined)
    throw new ConfigInvalidError([
      "--key and --state-dir verify ledgers on this machine, but -n, --context, --kubeconfig, --installation and --pod select a CA in a cluster: use one or the other",
    ]);
  const copies = checkpoint === undefined ? [] : [await readCheckpointMap(checkpoint, options, deps)];
  show(await verifyReplicas(options, copies, deps), options, deps);
}

function show(verdicts: readonly SlotVerdict[], { json }: VerifyOptions, deps: CommandDeps): void {
  deps.screen.write(json ? toJson({ ledgers: verdicts }) : verdicts.map(renderVerdict).join("\n"));
  const isSound = verdicts.every(({ findings }) => findings.length === 0);
  deps.setExitCode(isSound ? 0 : 1);
}

interface Known {
  readonly known: readonly KnownHeadsMessage[];
  /** The replica whose ledger it is; "" if unknown. */
  readonly replica: string;
}

async function verdictOn(
  { slot, directory }: Slot,
  options: VerifyOptions & Known,
  deps: CommandDeps,
): Promise<SlotVerdict> {
  const { known, replica, head: given = [] } = options;
  const verifier =
    options.key === undefined
      ? await readOwnVerifier(directory.verifierKey)
      : await readVerifier(options.key);
  const kept = options.checkpoint === undefined ? undefined : await readKept(options.checkpoint, verifier);
  const heads = [...headsOfLedger(known, { replica, origin: verifier.name }), ...given];
  const { signal, screen } = deps;
  // On a terminal, overwrites the same line; the next output replaces it.
  const write = (text: string) => screen.interactive && deps.stderr.write(`\r\u001b[K${text}`);
  const onProgress = (done: number, total: number) =>
    write(`${Math.min(100, Math.floor((done / Math.max(1, total)) * 100))} % of ${total} entries`);
  const verdict = await verifyLedger({
    ...{ directory, verifier, heads, onProgress, signal },
    ...(kept === undefined ? {} : { kept }),
  });
  write("");
  return { slot, keyFrom: options.key === undefined ? "beside the ledger" : "given", ...verdict };
}

/** Before its first start, a CA has no key, but its ledger may contain what operators did. */
async function readOwnVerifier(path: string): Promise<NoteVerifier> {
  try {
    return await readVerifier(path);
  } catch (error) {
    if (!(error instanceof CliError) || errnoOf(error.cause) !== "ENOENT") throw error;
    const fix = "start the CA, which creates it at its first start, or give the key that you kept by --key";
    throw new CliError("TARGET_INVALID", `${path} is missing: ${fix}`, { cause: error });
  }
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
