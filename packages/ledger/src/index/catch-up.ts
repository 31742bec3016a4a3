import { setImmediate } from "node:timers/promises";
import { errnoOf } from "@kasbah/runtime";
import type { Segment } from "../segments/list.ts";
import { type ReadEntry, readEntry } from "../segments/read-entry.ts";
import { type LinePosition, readLineAt, readLinesFrom } from "../segments/reader.ts";
import type { AuditIndex, IndexState } from "./audit-index.ts";
import { lineDigest } from "./rows.ts";

export interface CatchUpProgress {
  /** Index of the next entry to take. */
  readonly size: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface CatchUpOptions {
  /** Told after each batch. */
  readonly onProgress?: (progress: CatchUpProgress) => void;
  readonly signal?: AbortSignal;
  /** How many entries are taken before others have their turn. */
  readonly yieldEvery?: number;
  /** Index of the first entry not to take: a writer's own lines may be cut until they are durable. */
  readonly end?: number;
}

/** What takes entries in order. */
export type CatchingIndex = Pick<AuditIndex, "state" | "size" | "add" | "prune" | "reset">;

/**
 * Brings an index up to the segments. One that does not fit them begins again; what retention has taken leaves it.
 * Another process may do the same at the same time.
 */
export async function catchUp(
  index: CatchingIndex,
  list: () => Promise<readonly Segment[]>,
  options: CatchUpOptions = {},
): Promise<void> {
  let segments: readonly Segment[];
  do {
    // The list is the newer of the two, so that it has every segment that the index knows.
    const { state } = index;
    segments = await list();
    if (!(await fits(state, segments))) index.reset();
    await pruneTo(index, segments[0]?.first ?? 0, options.signal);
  } while (!(await takeNew(index, segments, options)));
}

/** Takes what an index has not, from where it stands; false when another process has made it anew meanwhile. */
export async function takeNew(
  index: Pick<CatchingIndex, "state" | "size" | "add">,
  segments: readonly Segment[],
  options: CatchUpOptions = {},
): Promise<boolean> {
  const { yieldEvery = 500, end = Number.POSITIVE_INFINITY } = options;
  let { size } = index;
  let batch: ReadEntry[] = [];
  for await (const located of readLinesFrom(segments, nextPosition(index.state))) {
    if (located.index >= end) break;
    // Another process may have taken these.
    if (located.index < size) continue;
    batch.push(readEntry(located));
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

async function pause(
  state: IndexState,
  segments: readonly Segment[],
  { onProgress, signal }: CatchUpOptions,
): Promise<void> {
  onProgress?.({ size: state.size, ...bytesBefore(state, segments) });
  await setImmediate();
  signal?.throwIfAborted();
}

/** Whether the last entry of an index stands where it says. */
export async function fits(state: IndexState, segments: readonly Segment[]): Promise<boolean> {
  const { size, last, lastDigest } = state;
  if (size === 0) return true;
  const first = segments[0]?.first;
  if (first === undefined) return false;
  // Retention took all that it knew.
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

/** Where the line begins that an index has to take next. */
export function nextPosition({ size, last }: IndexState): LinePosition {
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
