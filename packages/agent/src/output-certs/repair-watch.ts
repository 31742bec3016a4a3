import { join } from "node:path";
import {
  type Clock,
  type Component,
  ContentWatch,
  delay,
  type Logger,
  type WatchDirectory,
} from "@kasbah/runtime";
import { dataLink } from "./generations.ts";
import type { RepairPace } from "./repair-pace.ts";

export interface RepairWatchDeps {
  readonly directory: string;
  /** Whether readers see something else than the agent wrote last. */
  readonly isWrong: () => Promise<boolean>;
  /** Starts a repair, and does not wait for it. */
  readonly repair: () => void;
  readonly pace: RepairPace;
  readonly watchDirectory: WatchDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Inotify reports a change at once; the poll is for machines without free watches and for directories that vanish. */
const pollMs = 10_000;

/** Watches an output directory, and starts a repair if another program has changed what readers see. */
export class RepairWatch implements Component {
  readonly name = "watch of the output files";
  readonly #deps: RepairWatchDeps;
  readonly #watch: ContentWatch;
  readonly #stopping = new AbortController();
  /** Distinguishes a second change from the one that has just been repaired, or that went away by itself. */
  #considered = 0;

  constructor(deps: RepairWatchDeps) {
    const { directory, watchDirectory, clock, logger } = deps;
    this.#deps = deps;
    this.#watch = new ContentWatch({
      name: this.name,
      // The second path leads to the current version, where an edit in place shows.
      directories: [directory, join(directory, dataLink)],
      read: async () => ((await deps.isWrong()) ? `wrong after ${this.#considered}` : "right"),
      initial: "right",
      onChange: (seen) => this.#onChange(seen),
      pollMs,
      watchDirectory,
      clock,
      logger,
    });
  }

  async start(): Promise<void> {
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watch.stop();
  }

  async #onChange(seen: string): Promise<void> {
    const { pace, clock, isWrong, repair } = this.#deps;
    const { signal } = this.#stopping;
    if (seen === "right") return;
    await delay(clock, pace.pauseMs, signal);
    if (signal.aborted) return;
    this.#considered += 1;
    if (await isWrong()) repair();
  }
}
