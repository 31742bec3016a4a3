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

/** The number of connections that a server may keep open: at most `wanted`. */
export function connectionsWithin(wanted: number, { openFiles, memoryBytes }: HostCapacity): number {
  const byFiles =
    openFiles === undefined ? wanted : Math.max(openFiles - reservedFiles, Math.floor(openFiles / 2));
  const byMemory = Math.floor((memoryBytes - baseBytes) / 2 / connectionBytes);
  return Math.min(wanted, byFiles, Math.max(byMemory, fewest));
}

/** The number of calls of one kind that may wait: at most `wanted`. */
export function callsWithin(wanted: number, { memoryBytes }: HostCapacity): number {
  const byMemory = Math.floor((memoryBytes - baseBytes) / 8 / callBytes);
  return Math.min(wanted, Math.max(byMemory, fewest));
}
