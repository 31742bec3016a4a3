import type { Clock, Logger, Sweep } from "@kasbah/runtime";
import { IndexKeeper } from "./index/keeper.ts";
import type { LedgerDirectory } from "./ledger-directory.ts";
import type { EntryStore, EntryTree } from "./ports.ts";
import { Retention } from "./retention.ts";
import { openSegmentFile } from "./segments/file.ts";
import { listSegments, segmentPath } from "./segments/list.ts";
import { SegmentLog, type SegmentLogDeps } from "./segments/log.ts";
import { openSegmentLines } from "./segments/reader.ts";

export interface SegmentStoreDeps {
  readonly directory: LedgerDirectory;
  readonly tree: EntryTree;
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
    clock,
    logger,
  });
  return { log, lines: () => openSegmentLines(directory.segments), index, retention };
}
