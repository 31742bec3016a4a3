import type { Clock } from "@kasbah/runtime";
import { SerialQueue } from "@kasbah/runtime";

export interface SharedAnswersOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** How long an answer serves every tab. */
  readonly maxAgeMs: number;
}

interface SharedAnswer<T> {
  readonly promise: Promise<T>;
  /** Undefined until it is known. */
  sinceMs: number | undefined;
}

/** More questions than the pages ask. */
const maxQuestions = 16;

/**
 * Shares answers, so that more tabs do not mean more work for the CA: each question is asked once for all who wait, its
 * answer is kept for a moment, and questions run one at a time. A failure is shared in the same way.
 */
export class SharedAnswers<T> {
  readonly #options: SharedAnswersOptions;
  readonly #queue = new SerialQueue();
  readonly #answers = new Map<string, SharedAnswer<T>>();

  constructor(options: SharedAnswersOptions) {
    this.#options = options;
  }

  get(question: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(question);
    if (known !== undefined && this.#isFresh(known)) return known.promise;
    const answer: SharedAnswer<T> = { promise: this.#queue.run(ask), sinceMs: undefined };
    this.#answers.delete(question);
    this.#answers.set(question, answer);
    this.#forgetOldest();
    const settle = () => {
      answer.sinceMs = this.#options.clock.monotonicMs();
    };
    answer.promise.then(settle, settle);
    return answer.promise;
  }

  #isFresh({ sinceMs }: SharedAnswer<T>): boolean {
    const { clock, maxAgeMs } = this.#options;
    return sinceMs === undefined || clock.monotonicMs() - sinceMs < maxAgeMs;
  }

  #forgetOldest(): void {
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > maxQuestions && oldest !== undefined) this.#answers.delete(oldest);
  }
}
