import type { Clock } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { type Child, type ChildSpec, startChild } from "./child.ts";
import { waitUntilReady } from "./ready.ts";
import type { Reaper } from "./reaper.ts";

/** The collaborators of a service. */
export interface ServiceDeps {
  readonly clock: Clock;
  readonly reaper: Reaper;
  readonly signal?: AbortSignal;
}

const readyWithinMs = 30_000;
const stopGraceMs = 10_000;

/** A program that can be started, stopped, killed and restarted with the same settings. */
export class Service {
  readonly spec: ChildSpec;
  readonly #isReady: () => Promise<boolean>;
  readonly #deps: ServiceDeps;
  #child: Child | undefined;

  constructor(spec: ChildSpec, isReady: () => Promise<boolean>, deps: ServiceDeps) {
    this.spec = spec;
    this.#isReady = isReady;
    this.#deps = deps;
  }

  get name(): string {
    return this.spec.name;
  }

  /** The pid of the running child; undefined if none runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the running child has ended, with how it ended. */
  get ended(): Promise<string> {
    return this.#child?.ended ?? Promise.resolve("never started");
  }

  /** Starts the child without waiting until it is ready. @throws CliError `PROCESS_FAILED` */
  async start(): Promise<void> {
    if (this.#child) throw new CliError("PROCESS_FAILED", `${this.name} is already running`);
    const child = await startChild(this.spec, this.#deps.reaper);
    this.#child = child;
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
  }

  /** @throws CliError `PROCESS_FAILED` or `NOT_READY` (after 30 s) */
  async ready(): Promise<void> {
    const { clock, signal } = this.#deps;
    if (!this.#child) throw new CliError("PROCESS_FAILED", `${this.name} is not running`);
    const options = { clock, deadlineMs: readyWithinMs };
    await waitUntilReady(this.#child, this.#isReady, signal ? { ...options, signal } : options);
  }

  /** Stops the child gracefully, or by force after 10 s. Does nothing if none runs. */
  async stop(): Promise<void> {
    await this.#child?.stop(stopGraceMs);
  }

  /** Ends the child immediately, as a crash would. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }
}
