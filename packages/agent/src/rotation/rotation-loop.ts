import type { Component } from "@kasbah/runtime";
import { type RotatorDeps, rotateUntilAborted } from "./rotator.ts";

/** Runs the rotation loop as a component. It starts immediately, even if no CA is reachable. */
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

  /** A failed attempt is repeated now: each attempt reads the token and the provided certificate again. */
  reread(): void {
    this.#deps.wake?.ring();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}
