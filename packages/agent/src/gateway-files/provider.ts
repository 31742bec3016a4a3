import type { Clock, Logger, WatchDirectory } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { SecretResource } from "../sds/envoy-secret.ts";
import type { AllowedDirectories } from "./allowed-directories.ts";
import { DirectoryWatches } from "./directory-watches.ts";
import { type FileObserver, FileSecret } from "./file-secret.ts";
import { GenerationReader } from "./generation-reader.ts";
import type { FileNames } from "./health/gateway-health.ts";
import type { FileNameReport } from "./health/judge.ts";
import { type FileName, parseFileName, pathsOf } from "./resource-name.ts";
import { findSystemBundle } from "./system-bundle.ts";

export interface FileProviderDeps {
  readonly directories: AllowedDirectories;
  readonly observer: FileObserver;
  readonly watchDirectory: WatchDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a name stays current after its last subscriber left, in case Envoy reconnects. */
  readonly graceMs?: number;
}

interface Entry {
  readonly secret: FileSecret;
  readonly subscribers: Set<() => void>;
  readonly closed: AbortController;
  leaving: AbortController;
}

/** A subscriber whose name does not fit under the limit yet. */
interface Waiting {
  readonly name: string;
  readonly onChange: () => void;
  stop: () => void;
}

/**
 * A gateway has hundreds of names. The limit keeps a client that invents names from making the agent watch an
 * unlimited number of files.
 */
const mostNames = 2_000;
const defaultGraceMs = 60_000;
const reportEveryMs = 60_000;

/**
 * Serves file names. Each name is kept current from its first subscriber until a grace period after its last.
 */
export class FileProvider implements FileNames {
  readonly #deps: FileProviderDeps;
  readonly #reader: GenerationReader;
  readonly #watches: DirectoryWatches;
  readonly #entries = new Map<string, Entry>();
  /** Names without subscribers, the longest-unused first. They are evicted for new names. */
  readonly #resting = new Set<string>();
  readonly #waiting = new Set<Waiting>();
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: FileProviderDeps) {
    this.#deps = deps;
    const { directories, watchDirectory, clock, logger } = deps;
    const reader = new GenerationReader(directories);
    this.#reader = reader;
    const digest = (paths: Iterable<string>) => reader.digest(paths);
    this.#watches = new DirectoryWatches({ digest, watchDirectory, clock, logger });
  }

  current(name: string): SecretResource | undefined {
    return this.#entries.get(name)?.secret.resource;
  }

  reports(): readonly FileNameReport[] {
    const entries = [...this.#entries.values()];
    return entries.filter(({ subscribers }) => subscribers.size > 0).map(({ secret }) => secret.report);
  }

  get waiting(): number {
    return new Set([...this.#waiting].map(({ name }) => name)).size;
  }

  /**
   * Reads the files of the name and calls `onChange` after each change, until the returned function is
   * called. If the limit of names is reached, this starts once there is room.
   */
  watch(name: string, onChange: () => void): () => void {
    const entry = this.#entries.get(name) ?? this.#open(name);
    if (entry !== undefined) return this.#subscribe(name, entry, onChange);
    const waiting: Waiting = { name, onChange, stop: () => void this.#waiting.delete(waiting) };
    this.#waiting.add(waiting);
    return () => waiting.stop();
  }

  reread(): void {
    this.#watches.reread();
  }

  async stop(): Promise<void> {
    for (const { closed, leaving } of this.#entries.values()) {
      leaving.abort();
      closed.abort();
    }
    this.#entries.clear();
    this.#waiting.clear();
    await this.#watches.stop();
  }

  #subscribe(name: string, entry: Entry, onChange: () => void): () => void {
    const subscriber = () => onChange();
    entry.leaving.abort();
    this.#resting.delete(name);
    entry.subscribers.add(subscriber);
    return () => {
      const isFirstCall = entry.subscribers.delete(subscriber);
      if (isFirstCall && entry.subscribers.size === 0) void this.#leave(name, entry);
    };
  }

  #open(name: string): Entry | undefined {
    const files = parseFileName(name);
    if (files === undefined || !this.#hasRoomFor(name)) return undefined;
    const subscribers = new Set<() => void>();
    const closed = new AbortController();
    const onChange = () => {
      for (const subscriber of [...subscribers]) subscriber();
    };
    const { observer, clock } = this.#deps;
    const { signal } = closed;
    const secret = new FileSecret({ name, files, reader: this.#reader, observer, clock, onChange, signal });
    const entry = { secret, subscribers, closed, leaving: new AbortController() };
    this.#entries.set(name, entry);
    void this.#follow(files, entry);
    return entry;
  }

  async #follow(files: FileName, { secret, closed }: Entry): Promise<void> {
    const paths = files.kind === "system-roots" ? [await findSystemBundle()] : pathsOf(files);
    if (closed.signal.aborted) return;
    secret.follow(paths);
    for (const path of paths) {
      const stop = this.#watches.add(path, () => secret.refresh());
      closed.signal.addEventListener("abort", stop, { once: true });
    }
    // The secret reports failures to the observer, and the watch retries.
    await secret.refresh().catch(() => undefined);
  }

  #hasRoomFor(name: string): boolean {
    if (this.#entries.size < mostNames) return true;
    const [longest] = this.#resting;
    if (longest !== undefined) {
      this.#close(longest);
      return true;
    }
    const { clock, observer } = this.#deps;
    if (clock.monotonicMs() - this.#reportedAtMs < reportEveryMs) return false;
    this.#reportedAtMs = clock.monotonicMs();
    const message = `clients are subscribed to ${mostNames} file names, which is the maximum; further names wait until others are unsubscribed`;
    observer.onFailure(name, new AgentError("FILE_REFUSED", message));
    return false;
  }

  async #leave(name: string, entry: Entry): Promise<void> {
    const { clock, graceMs = defaultGraceMs } = this.#deps;
    entry.leaving = new AbortController();
    this.#resting.add(name);
    this.#admitWaiting();
    try {
      await clock.sleep(graceMs, entry.leaving.signal);
    } catch {
      return;
    }
    if (this.#entries.get(name) === entry) this.#close(name);
  }

  #close(name: string): void {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    this.#resting.delete(name);
    entry?.leaving.abort();
    entry?.closed.abort();
    this.#deps.observer.onSkippedRoots?.(name, []);
  }

  #admitWaiting(): void {
    for (const waiting of this.#waiting) {
      const { name, onChange } = waiting;
      const entry = this.#entries.get(name) ?? this.#open(name);
      if (entry === undefined) return;
      this.#waiting.delete(waiting);
      waiting.stop = this.#subscribe(name, entry, onChange);
      if (entry.secret.resource !== undefined) onChange();
    }
  }
}
