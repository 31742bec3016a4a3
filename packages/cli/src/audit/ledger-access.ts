import { type CatchUpProgress, LedgerError, type LedgerReader, openLedgerForReading } from "@kasbah/ledger";
import { errnoOf, formatDuration } from "@kasbah/runtime";
import type { Command } from "commander";
import { forbidden } from "../authority/admin-failure.ts";
import { stateDirectoryOf } from "../commands/ca-location.ts";
import type { CommandDeps } from "../commands/command-deps.ts";

/** Which ledgers a command reads. */
export interface LedgerLocation {
  readonly stateDir?: readonly string[];
}

const stateDirHelp =
  "the CA's state directory; more than once for several replicas (env: KASBAH_STATE_DIR, default: /var/lib/kasbah for root, else kasbah in $XDG_STATE_HOME)";
/** Below this an index is there before anybody wonders. */
const worthTelling = 20_000;

export function withLedgerLocation(command: Command): Command {
  const collect = (directory: string, before: readonly string[] = []) => [...before, directory];
  return command.option("--state-dir <dir>", stateDirHelp, collect);
}

/** Opens the ledgers, lets `work` read them, and says on stderr what could not be read. */
export async function withLedger<T>(
  { stateDir }: LedgerLocation,
  deps: CommandDeps,
  work: (ledger: LedgerReader) => Promise<T>,
): Promise<T> {
  const directories = stateDir ?? [stateDirectoryOf({}, deps)];
  const ledger = await openReadable(directories, deps);
  try {
    const result = await work(ledger);
    const { unreadable } = ledger;
    if (unreadable > 0)
      deps.stderr.write(
        `kasbah: ${unreadable} lines of the ledger can not be read: kasbah audit verify names them\n`,
      );
    return result;
  } finally {
    await ledger.close();
  }
}

async function openReadable(directories: readonly string[], deps: CommandDeps): Promise<LedgerReader> {
  try {
    const onProgress = progressOf(deps);
    return await openLedgerForReading(directories, { onProgress, signal: deps.signal });
  } catch (error) {
    const denied = error instanceof LedgerError ? error.cause : error;
    if (errnoOf(denied) !== "EACCES") throw error;
    throw await forbidden(directories.join(", "), { cause: error });
  }
}

/** Says each tenth of the way, when it is a long one. */
function progressOf({ stderr, clock }: CommandDeps): (progress: CatchUpProgress) => void {
  const start = clock.monotonicMs();
  let [firstSize, told] = [-1, 0];
  return ({ size, bytes, totalBytes }) => {
    if (firstSize < 0) firstSize = size;
    const tenth = Math.floor((10 * bytes) / Math.max(1, totalBytes));
    if (size - firstSize < worthTelling || tenth <= told) return;
    told = tenth;
    const elapsedMs = clock.monotonicMs() - start;
    const elapsed = formatDuration(elapsedMs - (elapsedMs % 1000));
    stderr.write(`kasbah: indexing the ledger: ${size} entries, ${tenth}0 % after ${elapsed}\n`);
  };
}
