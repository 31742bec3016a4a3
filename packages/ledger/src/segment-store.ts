import { type Clock, formatDuration, type Logger, type Sweep } from "@kasbah/runtime";
import { encodeEntry } from "./entry/entry.ts";
import { ledgerAct, prunedAct } from "./entry/ledger-act.ts";
import { LedgerError } from "./errors.ts";
import { IndexKeeper } from "./index/keeper.ts";
import type { LedgerDirectory } from "./ledger-directory.ts";
import type { EntryStore, EntryTree } from "./ports.ts";
import { type Pruning, Retention } from "./retention.ts";
import { openSegmentFile } from "./segments/file.ts";
import { listSegments, segmentPath } from "./segments/list.ts";
import { SegmentLog, type SegmentLogDeps } from "./segments/log.ts";
import { openSegmentLines } from "./segments/reader.ts";
import { type EntryToProve, proveEntry } from "./verify/prove-entry.ts";

export interface SegmentStoreDeps {
  readonly directory: LedgerDirectory;
  readonly tree: EntryTree & { publish(): Promise<void> };
  /** How long entries are kept. */
  readonly retentionMs: number;
  readonly sweeps: { readonly second: Sweep; readonly hour: Sweep };
  /** The reason why no entry may be deleted now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** About 30 000 entries. */
const maxSegmentBytes = 16 * 1024 * 1024;

/** The log in the segments of a directory. Entries beyond the tree are added to it when a store next starts. */
export function createSegmentLog(
  { segments }: Pick<LedgerDirectory, "segments">,
  deps: Pick<SegmentLogDeps, "onDurable" | "clock" | "logger">,
): SegmentLog {
  return new SegmentLog({
    openSegment: (first) => openSegmentFile(segmentPath(segments, first)),
    lastSegment: async () => (await listSegments(segments)).at(-1)?.first ?? 0,
    maxSegmentBytes,
    ...deps,
  });
}

/** Stores entries in append-only files, with an SQLite index next to them. */
export function createSegmentStore(deps: SegmentStoreDeps): EntryStore {
  const { directory, tree, retentionMs, sweeps, holds, clock, logger } = deps;
  const log = createSegmentLog(directory, { onDurable: (entries) => tree.add(entries), clock, logger });
  const index = new IndexKeeper({ directory, durable: () => log.size, sweep: sweeps.second, logger });
  const retention = new Retention({
    directory: directory.segments,
    retentionMs,
    signedSize: () => tree.signedSize,
    sweep: sweeps.hour,
    holds,
    record: (pruning) => record(pruning, log, deps),
    isInTree: (entry) => isInTree(directory, entry),
    clock,
    logger,
  });
  return { log, lines: () => openSegmentLines(directory.segments), index, retention };
}

async function record(
  { first, entries, newest }: Pruning,
  log: SegmentLog,
  deps: SegmentStoreDeps,
): Promise<void> {
  const { tree, clock, retentionMs } = deps;
  const retention = formatDuration(retentionMs);
  const facts = {
    first,
    entries,
    retention,
    ...(newest === undefined ? {} : { newest: newest.toISOString() }),
  };
  await log.append(encodeEntry(ledgerAct(prunedAct, facts, clock.now())));
  await tree.publish();
  if (tree.signedSize < log.size)
    throw new LedgerError("LEDGER_UNAVAILABLE", "the checkpoint cannot be written");
}

async function isInTree(directory: LedgerDirectory, entry: EntryToProve): Promise<boolean> {
  try {
    await proveEntry(directory, entry);
    return true;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return false;
  }
}
