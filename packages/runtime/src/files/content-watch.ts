import { watch } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Component } from "../daemon/lifecycle.ts";
import { errnoOf } from "../errors.ts";
import type { Logger } from "../log/log.ts";
import { delay } from "../task/delay.ts";
import { Loop } from "../task/loop.ts";
import { OncePerReason } from "../task/once-per-reason.ts";

/** Calls `hint` on changes in a directory until it is closed. Throws if the directory cannot be watched. */
export type WatchDirectory = (directory: string, hint: () => void) => { close(): void };

/** Watches with inotify. */
export const watchDirectory: WatchDirectory = (directory, hint) => {
  const watcher = watch(directory, { persistent: false }, hint);
  return watcher.on("error", () => watcher.close());
};

export interface ContentWatchDeps {
  /** The name of the component, in the log. */
  readonly name: string;
  /** The directories in which changes appear; they need not exist yet. */
  readonly directories: readonly string[];
  /** Returns a digest of the watched content. If it throws, it is called again later. */
  readonly read: () => Promise<string>;
  /**
   * Loads new content. If it rejects, the same content is tried again, first at the next poll, then less
   * often, but at least once a minute.
   */
  readonly onChange: (digest: string) => Promise<void>;
  /** Called for the first of several equal failures of `read` or `onChange`; by default it logs a warning. */
  readonly onTrouble?: (error: unknown) => void;
  /** The content that counts as known at the start; by default the result of `read` at that time. */
  readonly initial?: string;
  /** The interval between reads without a hint; defaults to 5 seconds. */
  readonly pollMs?: number;
  /**
   * How long content must stay the same, because sets of files are written one by one; defaults to 100 ms.
   */
  readonly settleMs?: number;
  /** Defaults to inotify. */
  readonly watchDirectory?: WatchDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Content that failed to load; `digest` is undefined if it could not be read. */
interface Refusal {
  readonly digest: string | undefined;
  readonly times: number;
  readonly againAtMs: number;
}

const longestWaitMs = 60_000;

/**
 * Watches files by their content. Inotify only triggers an earlier read; polling finds the changes that it
 * misses, such as a replaced directory, the kubelet's swap of a link, or a machine without free watches.
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
  /** Content that is loaded once more, because the files changed meanwhile. */
  #doubted: string | undefined;

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

  /** Waits for a change that is being loaded. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#unwatch();
  }

  /** Looks now, and tries content again that failed to load. */
  reread(): void {
    this.#refused = undefined;
    this.#loop.wake();
  }

  async #pass(signal: AbortSignal): Promise<number> {
    const { clock, pollMs = 5_000, settleMs = 100 } = this.#deps;
    // If a program writes into the directory all the time, this bounds how often the files are read.
    const restMs = this.#lookedAtMs + settleMs - clock.monotonicMs();
    if (restMs > 0) await delay(clock, restMs, signal);
    if (signal.aborted) return 0;
    // Each pass opens new watches: a watch follows the directory it was opened on, not the one that replaced
    // it.
    this.#unwatch();
    this.#watchers = this.#watch();
    this.#lookedAtMs = clock.monotonicMs();
    const wasNoticed = this.#isNoticed;
    this.#isNoticed = false;
    await this.#look(signal);
    // A notice can precede the content: if a directory is created and then filled, no notice announces its
    // files.
    return wasNoticed ? settleMs : pollMs;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, read, onChange } = this.#deps;
    let digest: string | undefined;
    try {
      digest = await read();
      if (digest === this.#known || !this.#isDue(digest) || !(await this.#isSettled(digest, signal))) return;
      await onChange(digest);
      this.#known = (await this.#isInDoubt(digest)) ? undefined : digest;
      this.#refused = undefined;
      this.#trouble.clear();
    } catch (error) {
      if (signal.aborted) return;
      // Forgotten, so that a return to the previous content counts as a change and ends the failure.
      this.#known = undefined;
      this.#refused = this.#refusalOf(digest, clock.monotonicMs());
      this.#trouble.failed(`${errnoOf(error)} ${String(error)}`, () => this.#report(error));
    }
  }

  /**
   * Whether the files changed while they were loaded, so that other content than this may have been loaded.
   * The next look would not see it if the content returned. Once for each content, in case the directory
   * never rests.
   */
  async #isInDoubt(digest: string): Promise<boolean> {
    // A notice that precedes the load may be delivered after it, in the same turn of the event loop.
    await nextTurn();
    const isInDoubt = this.#isNoticed && this.#doubted !== digest;
    this.#doubted = isInDoubt ? digest : undefined;
    return isInDoubt;
  }

  /** Content that failed to load is tried again at growing intervals, because loading may be expensive. */
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
    else logger.warn("cannot load watched files", { watch: this.name, error });
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
        // The directory is missing or the machine has no free watches: polling continues.
        return [];
      }
    });
  }
}
