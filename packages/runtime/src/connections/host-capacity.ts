import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** What the host leaves to this process. */
export interface HostCapacity {
  /** `ulimit -n`; undefined if it is unlimited or unknown. */
  readonly openFiles: number | undefined;
  /** The memory limit of the container, or what the heap of V8 implies if that is less. */
  readonly memoryBytes: number;
}

const mebibyte = 1024 * 1024;
/** An idle CA, and the code that any call runs. */
const baseBytes = 160 * mebibyte;
/** An idle TLS connection that has made a call, as measured. */
const connectionBytes = 96 * 1024;
/** A connection that waits with its first bytes, as measured. */
const waitingBytes = 16 * 1024;
/** Of the files for connections; the others are for those that wait. */
const filesForTls = 0.75;
const largestUnauthenticatedPart = 0.25;
/** More would only wait longer for the same processor. */
const mostUnauthenticated = 256;
/** All pods of a large cluster: a client that is turned away connects again within a second. */
const mostWaiting = 10_000;
/** A call that waits, with its headers, as measured. */
const callBytes = 24 * 1024;
/** Buffers and TLS are outside of the heap of V8, which Node limits to about half of the memory of a container. */
const memoryPerHeap = 1.5;
/** For the status ports, the state and outgoing connections. */
const reservedFiles = 512;
/** Fewer would not be a service; then the process risks its limit. */
const fewest = 64;

/**
 * @param constrainedMemory the limit of the container in bytes, as Node reports it: 0 or a huge number if there
 *   is none.
 */
export function readHostCapacity(constrainedMemory: number): HostCapacity {
  const physical = totalmem();
  const limit = constrainedMemory > 0 ? Math.min(constrainedMemory, physical) : physical;
  const heapLimit = getHeapStatistics().heap_size_limit;
  return { openFiles: parseOpenFiles(readLimits()), memoryBytes: Math.min(limit, heapLimit * memoryPerHeap) };
}

/** Only Linux has this file. */
function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

/** The soft limit in the text of `/proc/self/limits`. */
export function parseOpenFiles(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+)\s/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** The limits of a server's connections. */
export interface ConnectionCapacity {
  readonly maxConnections: number;
  /** For those whose peers have not authenticated. */
  readonly maxUnauthenticated: number;
  /** For those that wait, without TLS. */
  readonly maxWaitingConnections: number;
}

/** Limits the connections of a server: at most `wanted` open ones. */
export function connectionsWithin(
  wanted: number,
  { openFiles, memoryBytes }: HostCapacity,
): ConnectionCapacity {
  const files =
    openFiles === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(openFiles - reservedFiles, Math.floor(openFiles / 2));
  const free = memoryBytes - baseBytes;
  const byMemory = Math.max(Math.floor(free / 2 / connectionBytes), fewest);
  const maxConnections = Math.min(wanted, Math.ceil(files * filesForTls), byMemory);
  const waiting = Math.max(Math.floor(free / 8 / waitingBytes), fewest);
  return {
    maxConnections,
    maxUnauthenticated: Math.ceil(Math.min(maxConnections * largestUnauthenticatedPart, mostUnauthenticated)),
    maxWaitingConnections: Math.min(files - maxConnections, waiting, mostWaiting),
  };
}

/** The number of calls of one kind that may wait: at most `wanted`. */
export function callsWithin(wanted: number, { memoryBytes }: HostCapacity): number {
  const byMemory = Math.floor((memoryBytes - baseBytes) / 8 / callBytes);
  return Math.min(wanted, Math.max(byMemory, fewest));
}
