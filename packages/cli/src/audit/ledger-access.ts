import { type CatchUpProgress, LedgerError, type LedgerReader, openLedgerForReading } from "@kasbah/ledger";
import { type Clock, errnoOf, formatDuration, type LogStream } from "@kasbah/runtime";
import { forbidden } from "../authority/admin-failure.ts";

export interface LedgerAccessDeps {
  readonly clock: Clock;
  readonly stderr: LogStream;
  readonly signal: AbortSignal;
}

/** A smaller ledger is indexed before a user notices. */
const worthReporting = 20_000;

/** Opens the ledgers in the state directories for `work`, and warns on stderr about lines that cannot be read. */
export async function withLedger<T>(
  directories: readonly string[],
  deps: LedgerAccessDeps,
  work: (ledger: LedgerReader) => Promise<T>,
): Promise<T> {
  const ledger = await openReadable(directories, deps);
  try {
    const result = await work(ledger);
    const { unreadable } = ledger;
    if (unreadable > 0)
      deps.stderr.write(
        `kasbah: ${unreadable} ${unreadable === 1 ? "line" : "lines"} of the ledger cannot be read; kasbah audit verify lists them\n`,
      );
    return result;
  } finally {
    await ledger.close();
  }
}

async function openReadable(directories: readonly string[], deps: LedgerAccessDeps): Promise<LedgerReader> {
  try {
    const onProgress = progressOf(deps);
    return await openLedgerForReading(directories, { onProgress, signal: deps.signal });
  } catch (error) {
    const denied = error instanceof LedgerError ? error.cause : error;
    if (errnoOf(denied) !== "EACCES") throw error;
    throw await forbidden(directories.join(", "), { cause: error });
  }
}

/** Reports every tenth of the work if there is much of it. */
function progressOf({ stderr, clock }: LedgerAccessDeps): (progress: CatchUpProgress) => void {
  const start = clock.monotonicMs();
  let [firstSize, reported] = [-1, 0];
  return ({ size, bytes, totalBytes }) => {
    if (firstSize < 0) firstSize = size;
    const tenth = Math.floor((10 * bytes) / Math.max(1, totalBytes));
    if (size - firstSize < worthReporting || tenth <= reported) return;
    reported = tenth;
    const elapsedMs = clock.monotonicMs() - start;
    const elapsed = formatDuration(elapsedMs - (elapsedMs % 1000));
    stderr.write(`kasbah: indexing the ledger: ${size} entries, ${tenth}0 % after ${elapsed}\n`);
  };
}
