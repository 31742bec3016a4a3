import type { Logger } from "@kasbah/runtime";
import { ApiAnswerError } from "./api-answer.ts";

/** Which objects could not be written the last time, and why. */
export class WriteTroubles {
  readonly #logger: Logger;
  readonly #event: string;
  readonly #troubles = new Map<string, Error>();

  constructor(logger: Logger, event: string) {
    this.#logger = logger;
    this.#event = event;
  }

  get last(): Error | undefined {
    return [...this.#troubles.values()].at(-1);
  }

  /** What many objects meet alike is logged once. */
  note(object: string, error: unknown): void {
    // Somebody was faster, which is no trouble: the next look decides anew.
    if (error instanceof ApiAnswerError && error.status === 409) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    const isKnown = [...this.#troubles.values()].some(({ message }) => message === failure.message);
    this.#troubles.set(object, failure);
    if (!isKnown) this.#logger.warn(this.#event, { object, error: failure });
  }

  clear(object: string): void {
    this.#troubles.delete(object);
  }
}
