import { dirname } from "node:path";
import { type Clock, ContentWatch, type Logger, type WatchDirectory } from "@kasbah/runtime";

export interface DirectoryWatchesDeps {
  readonly digest: (paths: Iterable<string>) => Promise<string>;
  readonly watchDirectory: WatchDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Called when files may have changed. Rejects if the same contents should be tried again. */
export type FileListener = () => Promise<void>;

interface Watched {
  readonly watch: ContentWatch;
  readonly files: Map<string, Set<FileListener>>;
  readonly started: Promise<void>;
}

/**
 * Watches each directory once, regardless of the number of served files: two hundred names cost one read, not
 * two hundred.
 */
export class DirectoryWatches {
  readonly #deps: DirectoryWatchesDeps;
  readonly #watched = new Map<string, Watched>();

  constructor(deps: DirectoryWatchesDeps) {
    this.#deps = deps;
  }

  /** Watches a file, which need not exist, until the returned function is called. */
  add(path: string, listener: FileListener): () => void {
    const directory = dirname(path);
    const watched = this.#watched.get(directory) ?? this.#open(directory);
    const listeners = watched.files.get(path) ?? new Set();
    watched.files.set(path, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) watched.files.delete(path);
      if (watched.files.size > 0 || this.#watched.get(directory) !== watched) return;
      this.#watched.delete(directory);
      void end(watched);
    };
  }

  reread(): void {
    for (const { watch } of this.#watched.values()) watch.reread();
  }

  async stop(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(end));
  }

  #open(directory: string): Watched {
    const { digest, watchDirectory, clock, logger } = this.#deps;
    const files = new Map<string, Set<FileListener>>();
    const watch = new ContentWatch({
      name: `files in ${directory}`,
      directories: [directory],
      read: () => digest([...files.keys()].sort()),
      // Starts empty, so that files read before the watch began are read again once they are stable.
      initial: "",
      onChange: async () => notifyAll(files),
      // Each name reports its own problems.
      onTrouble: () => {},
      watchDirectory,
      clock,
      logger,
    });
    const watched = { watch, files, started: watch.start() };
    this.#watched.set(directory, watched);
    return watched;
  }
}

async function notifyAll(files: ReadonlyMap<string, ReadonlySet<FileListener>>): Promise<void> {
  const listeners = new Set([...files.values()].flatMap((of) => [...of]));
  const failures: unknown[] = [];
  // Sequential, so that a directory with many keys does not block the event loop.
  for (const listener of listeners) await listener().catch((error: unknown) => failures.push(error));
  if (failures.length > 0)
    throw new AggregateError(failures, `cannot read the files of ${failures.length} names`);
}

async function end({ watch, started }: Watched): Promise<void> {
  await started;
  await watch.stop();
}
