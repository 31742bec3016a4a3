import type { Component } from "../daemon/lifecycle.ts";
import { returnFreeHeap } from "./free-heap.ts";
import { collectAllGarbage } from "./garbage.ts";

/** After the calls that were waiting for the daemon. */
const delayMs = 2_000;

/**
 * Returns what only the start needed to the system. It must be the last component, because its start ends the
 * start.
 */
export class StartGarbage implements Component {
  readonly name = "start garbage";
  readonly #release: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(release: () => void = releaseAll) {
    this.#release = release;
  }

  async start(): Promise<void> {
    this.#timer = setTimeout(this.#release, delayMs).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
  }
}

function releaseAll(): void {
  collectAllGarbage();
  returnFreeHeap();
}
