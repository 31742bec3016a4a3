import { performance } from "node:perf_hooks";
import process from "node:process";
import type { Component } from "../daemon/lifecycle.ts";
import type { Sweep } from "../task/scheduler.ts";
import { returnFreeHeap } from "./free-heap.ts";
import { collectGarbage } from "./garbage.ts";

export interface MemoryReturnDeps {
  /** When to look, such as every ten seconds. */
  readonly sweep: Sweep;
  readonly residentBytes?: () => number;
  /** The share of the time since the last look in which the process was busy. */
  readonly busyShare?: () => number;
  readonly release?: () => Promise<void>;
}

/** A release costs some ten milliseconds, so it must be worth it, and must delay no call. */
const worthwhileGrowth = 1.1;
const idleShare = 0.25;
/** In looks. With one every ten seconds, a process that stays large tries again about every ten minutes. */
const longestPause = 64;

/**
 * Returns memory to the system once a burst is over: whenever the process is idle and has grown. What a burst
 * used may become free only later, so while the process stays larger than it once was, it tries again, after
 * a pause that doubles each time.
 */
export class MemoryReturn implements Component {
  readonly name = "memory";
  readonly #residentBytes: () => number;
  readonly #busyShare: () => number;
  readonly #release: () => Promise<void>;
  readonly #sweep: Sweep;
  #leastBytes: number;
  #nextPause = 1;
  #pause = 0;
  #stop = () => {};

  constructor({ sweep, residentBytes, busyShare, release }: MemoryReturnDeps) {
    this.#sweep = sweep;
    this.#residentBytes = residentBytes ?? (() => process.memoryUsage.rss());
    this.#busyShare = busyShare ?? createBusyShare();
    this.#release = release ?? releaseAll;
    // Before any burst: the first look may come in the middle of one.
    this.#leastBytes = this.#residentBytes();
  }

  async start(): Promise<void> {
    const running = this.#sweep(() => void this.look());
    this.#stop = () => running.stop();
  }

  async stop(): Promise<void> {
    this.#stop();
  }

  async look(): Promise<void> {
    const isIdle = this.#busyShare() < idleShare;
    if (!isIdle) this.#resetPause();
    if (!this.#hasGrown()) return this.#resetPause();
    if (!isIdle || this.#isPausing()) return;
    await this.#release();
    this.#pause = this.#nextPause;
    this.#nextPause = Math.min(2 * this.#nextPause, longestPause);
  }

  #hasGrown(): boolean {
    const now = this.#residentBytes();
    const hasGrown = now >= this.#leastBytes * worthwhileGrowth;
    this.#leastBytes = Math.min(this.#leastBytes, now);
    return hasGrown;
  }

  #isPausing(): boolean {
    this.#pause -= 1;
    return this.#pause >= 0;
  }

  #resetPause(): void {
    this.#nextPause = 1;
    this.#pause = 0;
  }
}

async function releaseAll(): Promise<void> {
  await collectGarbage();
  returnFreeHeap();
}

function createBusyShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
