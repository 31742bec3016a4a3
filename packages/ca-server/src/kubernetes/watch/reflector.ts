import { type Clock, type Component, type Logger, Loop, OncePerReason, RetryPace } from "@kasbah/runtime";
import { ApiAnswerError } from "../api/api-answer.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { type Collection, objectPages, watchPath } from "../api/object-pages.ts";
import { ObjectCache, type ObjectCacheDeps } from "./object-cache.ts";
import { isOlder, readWatchEvent } from "./watch-event.ts";
import { watchLines } from "./watch-lines.ts";

export interface ReflectorDeps<T> extends Collection, ObjectCacheDeps<T> {
  /** The name of the component, also in the log. */
  readonly name: string;
  readonly client: Pick<KubernetesClient, "get" | "watch">;
  /** Called after each complete list. */
  readonly onSync?: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

/** Allows 40 KiB per object before a response is too large, including what controllers write into a pod. */
const mostPerPage = 200;
const fewestPerPage = 10;
/**
 * A watch that ends earlier counts as a failure, so that the CA does not loop if the server ends every watch
 * immediately.
 */
const steadyMs = 10_000;
const known: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);
const backoff = { baseMs: 500, capMs: 30_000, shortestMs: 50 };

/**
 * Keeps a copy of a collection: lists it, then watches it from that version. If the watch fails or may have
 * missed an event, it lists again. It never gives up, and meanwhile keeps the known objects.
 */
export class Reflector<T> implements Component {
  readonly name: string;
  readonly #deps: ReflectorDeps<T>;
  readonly #cache: ObjectCache<T>;
  readonly #loop: Loop;
  readonly #pace: RetryPace;
  readonly #trouble = new OncePerReason();
  /** The version from which to continue the watch; undefined if a list is due. */
  #version: string | undefined;
  #perPage = mostPerPage;
  #failures = 0;
  #isSynced = false;
  #lastError: Error | undefined;
  #listedAt: Date | undefined;
  readonly #firstOutcome = Promise.withResolvers<void>();

  constructor(deps: ReflectorDeps<T>) {
    this.name = deps.name;
    this.#deps = deps;
    this.#cache = new ObjectCache(deps);
    this.#pace = new RetryPace({ ...backoff, roll: deps.roll });
    this.#loop = new Loop({ clock: deps.clock, pass: (signal) => this.#pass(signal) });
  }

  get current(): ReadonlyMap<string, T> {
    return this.#cache.current;
  }

  /** Whether a complete list has ever been read. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** The reason why the copy may be out of date; undefined while the watch works. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** The number of unreadable objects and events. */
  get skipped(): number {
    return this.#cache.skipped;
  }

  /** When the last complete list began: it contained everything that existed then. */
  get listedAt(): Date | undefined {
    return this.#listedAt;
  }

  /** Resolves when the first list is complete or has failed. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  /** A list in flight may run to its deadline; its result is ignored. */
  async stop(): Promise<void> {
    void this.#loop.stop();
  }

  async #pass(signal: AbortSignal): Promise<number> {
    const { error, steady } = await this.#follow(signal);
    if (signal.aborted) return 0;
    this.#failures = steady ? 0 : this.#failures + 1;
    if (error !== undefined) this.#fail(error);
    return error === undefined && steady ? 0 : this.#pauseMs(error);
  }

  /** Runs until the watch ends, with or without an error. */
  async #follow(signal: AbortSignal): Promise<{ error?: unknown; steady: boolean }> {
    const { clock } = this.#deps;
    let sinceMs: number | undefined;
    const steady = () => sinceMs !== undefined && clock.monotonicMs() - sinceMs >= steadyMs;
    try {
      const version = this.#version ?? (await this.#list(signal));
      sinceMs = clock.monotonicMs();
      await this.#watch(version, signal);
      return { steady: steady() };
    } catch (error) {
      return { error, steady: steady() };
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const startedAt = this.#deps.clock.now();
    const seen = new Set<string>();
    let version = "";
    try {
      for await (const page of objectPages(this.#deps.client, this.#deps, this.#perPage)) {
        signal.throwIfAborted();
        version ||= page.version;
        for (const item of page.items) {
          const key = this.#cache.put(item);
          if (key !== undefined) seen.add(key);
        }
      }
    } catch (error) {
      // The pages may have been too large for the response limit or for the deadline.
      this.#perPage = Math.max(fewestPerPage, Math.floor(this.#perPage / 2));
      throw error;
    }
    this.#perPage = Math.min(mostPerPage, this.#perPage * 2);
    this.#cache.keepOnly(seen);
    this.#listedAt = startedAt;
    this.#synced(version);
    return version;
  }

  #synced(version: string): void {
    this.#version = version;
    this.#isSynced = true;
    if (this.#trouble.clear()) this.#deps.logger.info("Kubernetes watch recovered", { objects: this.name });
    this.#lastError = undefined;
    this.#firstOutcome.resolve();
    this.#deps.onSync?.();
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const path = watchPath(this.#deps, version, this.#deps.roll());
    for await (const line of watchLines(this.#deps, path, signal)) this.#take(line);
  }

  #take(line: string): void {
    const { type, object, version } = readWatchEvent(line);
    if (version !== undefined && isOlder(version, this.#version ?? "")) {
      throw new Error("the watch returned an older resourceVersion");
    }
    if (type === "ADDED" || type === "MODIFIED") this.#cache.put(object);
    else if (type === "DELETED") this.#cache.remove(object);
    // An unknown event type says nothing about the version that the watch has reached.
    else if (type !== "BOOKMARK") this.#cache.skip();
    if (version !== undefined && known.has(type)) this.#version = version;
  }

  #fail(error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#version = undefined;
    this.#lastError = failure;
    this.#firstOutcome.resolve();
    this.#trouble.failed(failure.message, () =>
      this.#deps.logger.warn("Kubernetes watch failed", {
        objects: this.name,
        error: failure,
      }),
    );
  }

  #pauseMs(error: unknown): number {
    const retryAfterMs = error instanceof ApiAnswerError ? error.retryAfterMs : undefined;
    return this.#pace.delayMs({ attempt: Math.max(0, this.#failures - 1), retryAfterMs });
  }
}
