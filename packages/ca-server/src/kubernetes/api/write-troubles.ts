import type { Logger } from "@kasbah/runtime";
import { ApiAnswerError } from "./api-answer.ts";

/** The objects whose last write failed, and the reasons. */
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

  /** Logs an error that affects many objects only once. */
  note(object: string, error: unknown): void {
    // Another writer was faster, which is not an error: the next pass decides again.
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
