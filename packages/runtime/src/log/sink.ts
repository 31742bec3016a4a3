/** The small part of a writable stream that log lines need. */
export type LogStream = NodeJS.WritableStream & { isTTY?: boolean };

/** About four thousand lines. Past it a reader that has stopped costs lines instead of memory. */
const mostPendingCharacters = 1024 * 1024;

/**
 * Writes lines to a stream and never waits: Node queues what a full pipe does not take, and past a megabyte lines
 * are dropped and counted. A reader that went away costs its lines, not the process.
 */
export class LogSink {
  readonly #stream: LogStream;
  readonly #onRecovered: (dropped: number) => void;
  readonly #waiting: (() => void)[] = [];
  #pending = 0;
  #dropped = 0;

  constructor(stream: LogStream, onRecovered: (dropped: number) => void) {
    this.#stream = stream;
    this.#onRecovered = onRecovered;
    stream.on("error", () => {});
  }

  write(line: string): void {
    if (this.#pending > mostPendingCharacters) {
      this.#dropped += 1;
      return;
    }
    this.#pending += line.length;
    this.#stream.write(line, () => this.#written(line.length));
  }

  /** Resolves when every line handed over so far has left the process or was lost, or after `longestMs`. */
  async flush(longestMs = 1000): Promise<void> {
    if (this.#pending === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const timer = setTimeout(resolve, longestMs);
    await promise;
    clearTimeout(timer);
  }

  #written(length: number): void {
    this.#pending -= length;
    if (this.#pending > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.#onRecovered(dropped);
  }
}
