import { Writable } from "node:stream";
import type { LogStream } from "@kasbah/runtime";

/** More different warnings than a console can cause. */
const maxTexts = 1000;

/** Passes each text on once: readings repeat, and so would their warnings. */
export class RepeatedTextFilter extends Writable {
  readonly #target: LogStream;
  readonly #seen = new Set<string>();

  constructor(target: LogStream) {
    super({ decodeStrings: false });
    this.#target = target;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    const text = String(chunk);
    if (!this.#seen.has(text) && this.#seen.size < maxTexts) {
      this.#seen.add(text);
      this.#target.write(text);
    }
    done();
  }
}
