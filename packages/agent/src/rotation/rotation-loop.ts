import type { Component } from "@kasbah/runtime";
import { type RotatorOptions, rotateUntilAborted } from "./rotator.ts";

/** The rotation loop as a part of the daemon: starts at once, whether or not there is a CA. */
export class Rotation implements Component {
  readonly name = "rotation";
  readonly #options: RotatorOptions;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RotatorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = rotateUntilAborted(this.#options, this.#stopped.signal);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}
