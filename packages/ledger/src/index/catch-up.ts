import { setImmediate } from "node:timers/promises";
import { errnoOf } from "@kasbah/runtime";
import type { Segment } from "../segments/list.ts";
import { readEntry } from "../segments/read-entry.ts";
import { type LinePosition, readLineAt, readLinesFrom } from "../segments/reader.ts";
import type { AuditIndex, IndexState } from "./audit-index.ts";
import { lineDigest } from "./rows.ts";
import type { IndexableEntry } from "./writer.ts";

export interface CatchUpProgress {
  /** Index of the next entry to add. */
  readonly size: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface CatchUpOptions {
  /** Called after each batch. */
  readonly onProgress?: (progress: CatchUpProgress) => void;
  readonly signal?: AbortSignal;
  /** The number of entries between two turns of the event loop. */
  readonly yieldEvery?: number;
  /** Index of the first entry to leave out: until its lines are durable, the writer may truncate them. */
  readonly end?: number;
  /** Returns the entries from an index on, if they need not be read; otherwise undefined. */
  readonly recent?: (index: number) => Iterable<IndexableEntry> | undefined;
}

/** An index that entries are added to in order. */
export type CatchingIndex = Pick<AuditIndex, "state" | "size" | "add" | "prune" | "reset">;

/**
 * Updates an index from the segments. An index that does not match them starts over; entries deleted by
 * retention are removed. Other processes may do the same at the same time.
 */
export async function catchUp(
  index: CatchingIndex,
  list: () => Promise<readonly Segment[]>,
  options: CatchUpOptions = {},
): Promise<void> {
  let segments: readonly Segment[];
  do {
    // The state is read before the list, so that the list contains every segment in the index.
    const { state } = index;
    segments = await list();
    if (!(await fits(state, segments))) index.reset();
    await pruneTo(index, segments[0]?.first ?? 0, options.signal);
  } while (!(await takeNew(index, segments, options)));
}

/** Adds the missing entries; returns false if another process has recreated the index meanwhile. */
export async function takeNew(
  index: Pick<CatchingIndex, "state" | "size" | "add">,
  segments: readonly Segment[],
  options: CatchUpOptions = {},
): Promise<boolean> {
  const { yieldEvery = 500, end = Number.POSITIVE_INFINITY, recent } = options;
  let { size } = index;
  let batch: IndexableEntry[] = [];
  for await (const entry of recent?.(size) ?? readEntries(segments, index.state)) {
    if (entry.index >= end) break;
    // Another process may have added these.
    if (entry.index < size) continue;
    batch.push(entry);
    if (batch.length < yieldEvery) continue;
    if (!index.add(batch, size)) return false;
    batch = [];
    size = index.size;
    await pause(index.state, segments, options);
  }
  if (batch.length === 0) return true;
  const isTaken = index.add(batch, size);
  await pause(index.state, segments, options);
  return isTaken;
}

async function* readEntries(
  segments: readonly Segment[],
  state: IndexState,
): AsyncGenerator<IndexableEntry, void, undefined> {
  for await (const located of readLinesFrom(segments, nextPosition(state))) yield readEntry(located);
}

async function pause(
  state: IndexState,
  segments: readonly Segment[],
  { onProgress, signal }: CatchUpOptions,
): Promise<void> {
  onProgress?.({ size: state.size, ...bytesBefore(state, segments) });
  await setImmediate();
  signal?.throwIfAborted();
}

/** Whether the segments contain the last entry of the index at its place. */
export async function fits(state: IndexState, segments: readonly Segment[]): Promise<boolean> {
  const { size, last, lastDigest } = state;
  if (size === 0) return true;
  const first = segments[0]?.first;
  if (first === undefined) return false;
  // Retention has deleted every indexed entry.
  if (size <= first) return true;
  const segment = segments.find((one) => one.first === last?.segmentFirst);
  if (last === undefined || segment === undefined) return false;
  const line = await readLineAt(segment.path, last.offset, last.length).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  return Buffer.compare(lineDigest(line), lastDigest) === 0;
}

async function pruneTo(index: CatchingIndex, first: number, signal?: AbortSignal): Promise<void> {
  while (!index.prune(first)) {
    await setImmediate();
    signal?.throwIfAborted();
  }
}

/** The position of the next line to add. */
function nextPosition({ size, last }: IndexState): LinePosition {
  if (last === undefined) return { index: size };
  return { index: size, segmentFirst: last.segmentFirst, offset: last.offset + last.length + 1 };
}

function bytesBefore({ last }: IndexState, segments: readonly Segment[]) {
  let [bytes, totalBytes] = [0, 0];
  for (const segment of segments) {
    if (segment.first < (last?.segmentFirst ?? 0)) bytes += segment.bytes;
    if (segment.first === last?.segmentFirst) bytes += last.offset + last.length + 1;
    totalBytes += segment.bytes;
  }
  return { bytes, totalBytes };
}
