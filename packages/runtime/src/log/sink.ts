import { nextTick } from "node:process";

/** The subset of a writable stream that the logger uses. */
export type LogStream = NodeJS.WritableStream & { isTTY?: boolean };

/** About four thousand lines. Beyond this, a stuck reader costs lines instead of memory. */
const mostPendingCharacters = 1024 * 1024;

/**
 * Writes lines to a stream and never waits: Node buffers what a full pipe does not accept, and beyond a
 * megabyte lines are dropped and counted. If the reader disappears, its lines are lost, but the process
 * continues.
 */
export class LogSink {
  readonly #stream: LogStream;
  readonly #onRecovered: (dropped: number) => void;
  readonly #waiting: (() => void)[] = [];
  /** The lines of this turn of the event loop, which one write takes. */
  #lines = "";
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
    if (this.#lines === "") nextTick(() => this.send());
    this.#lines += line;
    this.#pending += line.length;
  }

  /** Writes the lines of this turn now. */
  send(): void {
    const lines = this.#lines;
    if (lines === "") return;
    this.#lines = "";
    this.#stream.write(lines, () => this.#written(lines.length));
  }

  /** Resolves when every earlier line has left the process or is lost, or after `longestMs`. */
  async flush(longestMs = 1000): Promise<void> {
    this.send();
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
