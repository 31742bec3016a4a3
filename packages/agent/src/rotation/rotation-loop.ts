import type { Component } from "@kasbah/runtime";
import { type RotatorDeps, rotateUntilAborted } from "./rotator.ts";

/** The rotation loop as a part of the daemon: starts at once, whether or not there is a CA. */
export class RotationLoop implements Component {
  readonly name = "rotation";
  readonly #deps: RotatorDeps;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: RotatorDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#running = rotateUntilAborted(this.#deps, this.#stopped.signal);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}
