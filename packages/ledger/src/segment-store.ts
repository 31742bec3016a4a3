import type { Clock, Logger, Sweep } from "@kasbah/runtime";
import { IndexKeeper } from "./index/keeper.ts";
import type { LedgerDirectory } from "./ledger-directory.ts";
import type { EntryStore, EntryTree } from "./ports.ts";
import { Retention } from "./retention.ts";
import { openSegmentFile } from "./segments/file.ts";
import { listSegments, segmentPath } from "./segments/list.ts";
import { SegmentLog } from "./segments/log.ts";
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

/** Stores entries in append-only files, with an SQLite index next to them. */
export function createSegmentStore(deps: SegmentStoreDeps): EntryStore {
  const { directory, tree, retentionMs, sweeps, holds, clock, logger } = deps;
  const log = new SegmentLog({
    openSegment: (first) => openSegmentFile(segmentPath(directory.segments, first)),
    lastSegment: async () => (await listSegments(directory.segments)).at(-1)?.first ?? 0,
    maxSegmentBytes,
    onDurable: (entries) => tree.add(entries),
    clock,
    logger,
  });
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
