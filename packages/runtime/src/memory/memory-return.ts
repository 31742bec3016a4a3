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

/** Returns memory to the system once a burst is over: whenever the process is idle and has grown. */
export class MemoryReturn implements Component {
  readonly name = "memory";
  readonly #residentBytes: () => number;
  readonly #busyShare: () => number;
  readonly #release: () => Promise<void>;
  readonly #sweep: Sweep;
  #leastBytes = Number.POSITIVE_INFINITY;
  #stop = () => {};

  constructor({ sweep, residentBytes, busyShare, release }: MemoryReturnDeps) {
    this.#sweep = sweep;
    this.#residentBytes = residentBytes ?? (() => process.memoryUsage.rss());
    this.#busyShare = busyShare ?? createBusyShare();
    this.#release = release ?? releaseAll;
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
    const now = this.#residentBytes();
    if (!isIdle || now < this.#leastBytes * worthwhileGrowth) {
      this.#leastBytes = Math.min(this.#leastBytes, now);
      return;
    }
    await this.#release();
    this.#leastBytes = this.#residentBytes();
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
