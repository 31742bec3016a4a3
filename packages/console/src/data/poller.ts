import { ask } from "./ask.ts";
import type { PolledAnswer } from "./polled-answer.ts";
import { nextAnswer } from "./polled-answer.ts";

export interface PollerDeps {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** Calls back once after a time; the result cancels it. */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly isVisible: () => boolean;
}

const intervalMs = 5000;
/** A large answer must not keep the page busy: it waits this many times as long as the last request took. */
const restFactor = 4;

/** Asks again and again while the page is visible, one request at a time, and keeps the last answer. */
export class Poller<T> {
  readonly #path: string;
  readonly #deps: PollerDeps;
  readonly #changed: (answer: PolledAnswer<T>) => void;
  readonly #abort = new AbortController();
  #answer: PolledAnswer<T>;
  #tag: string | undefined;
  #asking = false;
  #cancelWait = () => {};

  /** `last` is what an earlier poller knew: it stays until there is an answer. */
  constructor(
    path: string,
    deps: PollerDeps,
    changed: (answer: PolledAnswer<T>) => void,
    last: PolledAnswer<T> = {},
  ) {
    this.#answer = last;
    this.#path = path;
    this.#deps = deps;
    this.#changed = changed;
  }

  /** Asks now, unless a request is on its way or no one looks. Call it when the page becomes visible. */
  async poll(): Promise<void> {
    if (this.#asking || this.#abort.signal.aborted || !this.#deps.isVisible()) return;
    this.#asking = true;
    this.#cancelWait();
    const { fetch, now } = this.#deps;
    const startedAt = now();
    const { reply, tag } = await ask<T>(fetch, this.#path, this.#tag, this.#abort.signal);
    this.#asking = false;
    if (this.#abort.signal.aborted) return;
    this.#tag = tag;
    this.#answer = nextAnswer(this.#answer, reply, now());
    this.#changed(this.#answer);
    const tookMs = Math.max(0, now() - startedAt);
    this.#cancelWait = this.#deps.after(Math.max(intervalMs, tookMs * restFactor), () => void this.poll());
  }

  stop(): void {
    this.#cancelWait();
    this.#abort.abort();
  }
}
