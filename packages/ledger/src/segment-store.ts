import { type Clock, formatDuration, type Logger, type Sweep } from "@kasbah/runtime";
import { encodeEntry } from "./entry/encode-entry.ts";
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
import { LedgerSpace } from "./space/ledger-space.ts";
import { excessOf, type LedgerLimit, mostSegmentBytes } from "./space/limit.ts";
import { type EntryToProve, proveEntry } from "./verify/prove-entry.ts";
import { SpaceReserve } from "./volume/reserve.ts";
import { volumeOf } from "./volume/volume.ts";

export interface SegmentStoreDeps {
  readonly directory: LedgerDirectory;
  readonly tree: EntryTree & { publish(): Promise<void> };
  /** How long entries are kept. */
  readonly retentionMs: number;
  /** The most bytes that the ledger may take. */
  readonly limit: LedgerLimit;
  readonly sweeps: { readonly second: Sweep; readonly hour: Sweep; readonly space: Sweep };
  /** The reason why no entry may be deleted now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The log in the segments of a directory. Entries beyond the tree are added to it when a store next starts. */
export function createSegmentLog(
  { path, segments, reserve }: LedgerDirectory,
  deps: Pick<SegmentLogDeps, "onDurable" | "clock" | "logger"> &
    Partial<Pick<SegmentLogDeps, "maxSegmentBytes" | "onSegmentEnd">>,
): SegmentLog {
  return new SegmentLog({
    openSegment: (first) => openSegmentFile(segmentPath(segments, first)),
    lastSegment: async () => (await listSegments(segments)).at(-1)?.first ?? 0,
    maxSegmentBytes: () => mostSegmentBytes,
    reserve: new SpaceReserve(reserve, () => volumeOf(path)),
    ...deps,
  });
}

/** Stores entries in append-only files, with an SQLite index next to them. */
export function createSegmentStore(deps: SegmentStoreDeps): EntryStore {
  const { directory, tree, retentionMs, limit, sweeps, holds, clock, logger } = deps;
  const space = new LedgerSpace({ directory, limit, entries: () => log.size, sweep: sweeps.space, logger });
  const log: SegmentLog = createSegmentLog(directory, {
    onDurable: (...batch) => {
      tree.add(batch[0]);
      index.note(...batch);
    },
    maxSegmentBytes: () => space.segmentBytes,
    onSegmentEnd: () => retention.lookAtSize(),
    ...{ clock, logger },
  });
  const index: IndexKeeper = new IndexKeeper({
    directory,
    durable: () => log.size,
    sweep: sweeps.second,
    logger,
  });
  const retention: Retention = new Retention({
    directory: directory.segments,
    retentionMs,
    signedSize: () => tree.signedSize,
    excessBytes: async () => excessOf(await space.measure()),
    sweeps: { age: sweeps.hour, size: sweeps.space },
    holds,
    record: (pruning) => record(pruning, { log, space }, deps),
    isInTree: (entry) => isInTree(directory, entry),
    clock,
    logger,
  });
  return { log, lines: () => openSegmentLines(directory.segments), index, retention, space };
}

async function record(
  { first, entries, newest, reason }: Pruning,
  { log, space }: { readonly log: SegmentLog; readonly space: LedgerSpace },
  deps: SegmentStoreDeps,
): Promise<void> {
  const { tree, clock, retentionMs } = deps;
  const retention = formatDuration(retentionMs);
  const facts = {
    first,
    entries,
    retention,
    ...(reason === "age" ? {} : { maxBytes: space.use.maxBytes ?? 0 }),
    ...(newest === undefined ? {} : { newest: newest.toISOString() }),
  };
  await log.makeRoomForAct();
  await log.appendAct(encodeEntry(ledgerAct(prunedAct, facts, clock.now())));
  await tree.publish();
  if (tree.signedSize < log.size) {
    // On a full disk, tiles and checkpoint may need more than the entry left.
    await log.makeRoomForAct();
    await tree.publish();
  }
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
