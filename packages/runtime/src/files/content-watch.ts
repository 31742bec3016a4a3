import { watch } from "node:fs";
import type { Clock } from "../clock.ts";
import type { Component } from "../daemon/lifecycle.ts";
import { errnoOf } from "../errors.ts";
import type { Logger } from "../log/log.ts";
import { Loop } from "../task/loop.ts";
import { OncePerReason } from "../task/once-per-reason.ts";
import { pause } from "../task/pause.ts";

/** Gives hints of changes in a directory until it is closed. It throws when the directory cannot be watched. */
export type WatchDirectory = (directory: string, hint: () => void) => { close(): void };

/** The kernel's notices (inotify). */
export const watchDirectory: WatchDirectory = (directory, hint) => {
  const watcher = watch(directory, { persistent: false }, hint);
  return watcher.on("error", () => watcher.close());
};

export interface ContentWatchDeps {
  /** Of the component, and in the log. */
  readonly name: string;
  /** Where changes show; they need not be there yet. */
  readonly directories: readonly string[];
  /** A digest of what is watched. It throws when nothing can be read, which is tried again. */
  readonly read: () => Promise<string>;
  /** Deals with new content. When it rejects, the same content is offered again, at first at the next poll, then less often, each minute at least. */
  readonly onChange: (digest: string) => Promise<void>;
  /** Told of the first of several equal failures of `read` and `onChange`; a warning in the log unless given. */
  readonly onTrouble?: (error: unknown) => void;
  /** What is taken for known at the start; what `read` gives then, unless given. */
  readonly initial?: string;
  /** How often the content is read without a hint; 5 seconds unless given. */
  readonly pollMs?: number;
  /** How long content must stay the same, since sets of files are written one by one; 100 ms unless given. */
  readonly settleMs?: number;
  /** The kernel's notices, unless given. */
  readonly watchDirectory?: WatchDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Content that could not be dealt with; undefined when it could not even be read. */
interface Refusal {
  readonly digest: string | undefined;
  readonly times: number;
  readonly againAtMs: number;
}

const longestWaitMs = 60_000;

/**
 * Watches files by their content. The kernel's notices are a hint to look sooner; polling finds what they miss: a
 * directory that was replaced, kubelet's swap of a link, a machine that is out of watches.
 */
export class ContentWatch implements Component {
  readonly name: string;
  readonly #deps: ContentWatchDeps;
  readonly #loop: Loop;
  readonly #trouble = new OncePerReason();
  #watchers: readonly { close(): void }[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the kernel has reported a change since the last look. */
  #isNoticed = false;
  #known: string | undefined;
  #refused: Refusal | undefined;

  constructor(deps: ContentWatchDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.#loop = new Loop({ clock: deps.clock, pass: (signal) => this.#pass(signal) });
  }

  async start(): Promise<void> {
    const { initial, read } = this.#deps;
    this.#known = initial ?? (await read().catch(() => undefined));
    this.#loop.start();
  }

  /** Waits for a change that is being dealt with. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#unwatch();
  }

  async #pass(signal: AbortSignal): Promise<number> {
    const { clock, pollMs = 5_000, settleMs = 100 } = this.#deps;
    // If a program writes into the directory all the time, this bounds how often the files are read.
    const restMs = this.#lookedAtMs + settleMs - clock.monotonicMs();
    if (restMs > 0) await pause(clock, restMs, signal);
    if (signal.aborted) return 0;
    // Each pass opens new watches: a watch follows the directory it was opened on, not the one that replaced it.
    this.#unwatch();
    this.#watchers = this.#watch();
    this.#lookedAtMs = clock.monotonicMs();
    const wasNoticed = this.#isNoticed;
    this.#isNoticed = false;
    await this.#look(signal);
    // A notice can precede the content: if a directory is created and then filled, no notice announces its files.
    return wasNoticed ? settleMs : pollMs;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, read, onChange } = this.#deps;
    let digest: string | undefined;
    try {
      digest = await read();
      if (digest === this.#known || !this.#isDue(digest) || !(await this.#isSettled(digest, signal))) return;
      await onChange(digest);
      this.#known = digest;
      this.#refused = undefined;
      this.#trouble.clear();
    } catch (error) {
      if (signal.aborted) return;
      // So that going back to what was known before is dealt with too, and ends the trouble.
      this.#known = undefined;
      this.#refused = this.#refusalOf(digest, clock.monotonicMs());
      this.#trouble.failed(`${errnoOf(error)} ${String(error)}`, () => this.#report(error));
    }
  }

  /** Content that was offered in vain is offered again at growing intervals: looking at it may be costly. */
  #isDue(digest: string): boolean {
    const refused = this.#refused;
    return refused?.digest !== digest || this.#deps.clock.monotonicMs() >= refused.againAtMs;
  }

  #refusalOf(digest: string | undefined, nowMs: number): Refusal {
    const { pollMs = 5_000 } = this.#deps;
    const times = this.#refused?.digest === digest ? (this.#refused?.times ?? 0) + 1 : 0;
    return { digest, times, againAtMs: nowMs + Math.min(longestWaitMs, pollMs * 2 ** times) };
  }

  #report(error: unknown): void {
    const { onTrouble, logger } = this.#deps;
    if (onTrouble !== undefined) onTrouble(error);
    else logger.warn("watched files could not be taken", { watch: this.name, error });
  }

  async #isSettled(digest: string, signal: AbortSignal): Promise<boolean> {
    const { clock, settleMs = 100, read } = this.#deps;
    await clock.sleep(settleMs, signal);
    if ((await read()) === digest) return true;
    this.#loop.wake();
    return false;
  }

  #notice(): void {
    this.#isNoticed = true;
    this.#loop.wake();
  }

  #unwatch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #watch(): readonly { close(): void }[] {
    const { directories, watchDirectory: watchOne = watchDirectory } = this.#deps;
    return directories.flatMap((directory) => {
      try {
        return [watchOne(directory, () => this.#notice())];
      } catch {
        // Missing, or the machine is out of watches: polling goes on.
        return [];
      }
    });
  }
}
