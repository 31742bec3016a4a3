import type { VolumeBytes } from "../volume/volume.ts";

/**
 * How much a ledger may take: a number of bytes, `auto` for what the volume allows, or `unlimited`. A number never
 * allows more than `auto`, because a full volume stops the CA.
 */
export type LedgerLimit = number | "auto" | "unlimited";

/**
 * `auto` leaves a part of the volume free, for the control state and for what the index and new entries need until
 * the next measurement: on small volumes a larger part, because the write-ahead log of the index takes up to 17 MiB.
 */
const freeShare = 0.05;
const mostFree = 1024 ** 3;
const leastFree = 32 * 1024 ** 2;
const leastFreeShare = 0.2;
/** Other programs may fill the volume. That never costs the ledger more than the rest of it. */
const ownShare = 0.5;

/** A ledger has at least so many segments at its limit, so that retention deletes small parts of it. */
const segmentsAtLimit = 32;
const leastSegmentBytes = 256 * 1024;
/** About 30 000 entries. */
export const mostSegmentBytes = 16 * 1024 * 1024;

/** The most bytes that a ledger of this size may take now; undefined if there is no limit. */
export function maxBytesOf(limit: LedgerLimit, ledgerBytes: number, volume: VolumeBytes): number | undefined {
  if (limit === "unlimited") return undefined;
  const room = Math.max(volume.size * ownShare, ledgerBytes + volume.free - freeBytesOf(volume));
  return Math.floor(limit === "auto" ? room : Math.min(limit, room));
}

/** The size at which a segment ends. */
export function segmentBytesOf(limit: LedgerLimit, volume: VolumeBytes): number {
  const total = typeof limit === "number" ? Math.min(limit, volume.size) : volume.size;
  return Math.min(mostSegmentBytes, Math.max(leastSegmentBytes, Math.floor(total / segmentsAtLimit)));
}

/** Entries keep this part of the maximum, so that nothing else that grows can push out all of them. */
const entryShare = 0.5;

/** How many bytes of entries must be deleted. */
export function excessOf({
  bytes,
  entryBytes,
  maxBytes,
}: Readonly<Record<"bytes" | "entryBytes", number>> & { readonly maxBytes: number | undefined }): number {
  if (maxBytes === undefined) return 0;
  return Math.max(0, Math.min(bytes - maxBytes, entryBytes - maxBytes * entryShare));
}

/** The free space that `auto` keeps. */
export function freeBytesOf({ size }: VolumeBytes): number {
  return Math.min(mostFree, Math.max(size * freeShare, Math.min(leastFree, size * leastFreeShare)));
}
