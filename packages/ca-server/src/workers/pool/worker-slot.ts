import { type Clock, delay, type Logger, RetryPace } from "@kasbah/runtime";
import type { WorkerEnd, WorkerProcess } from "./worker-process.ts";

export interface WorkerSlotDeps {
  readonly start: (onEnded: (worker: WorkerProcess, end: WorkerEnd) => void) => WorkerProcess;
  readonly onReplaced: () => void;
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A worker that ran for less than this ended at once, so its successor may as well. */
const shortLifeMs = 30_000;
/** After so many short lives in a row, the operator is warned. */
const manyShortLives = 3;

/** The place of one worker. As soon as its process ends, another one starts; if processes keep ending, later and later. */
export class WorkerSlot {
  readonly #deps: WorkerSlotDeps;
  readonly #pace: RetryPace;
  readonly #stopping = new AbortController();
  #worker: WorkerProcess | undefined;
  #startedMs = 0;
  #shortLives = 0;

  constructor(deps: WorkerSlotDeps) {
    this.#deps = deps;
    this.#pace = new RetryPace({ baseMs: 200, capMs: 10_000, roll: deps.roll });
  }

  /** Undefined while the next one waits for its start. */
  get worker(): WorkerProcess | undefined {
    return this.#worker;
  }

  /** Whether its last processes all ended soon after their start. */
  get keepsEnding(): boolean {
    return this.#shortLives >= manyShortLives;
  }

  start(): void {
    this.#startedMs = this.#deps.clock.monotonicMs();
    try {
      this.#worker = this.#deps.start((worker, end) => this.#ended(worker, end));
    } catch (error) {
      // Such as ENOMEM: the other workers still serve.
      const reason = error instanceof Error ? error.message : String(error);
      return void this.#ended(undefined, { code: null, signal: null, reason });
    }
    this.#deps.logger.info("worker started", { workerPid: this.#worker.pid });
  }

  /** No process is started anymore. */
  stop(): void {
    this.#stopping.abort();
  }

  #ended(worker: WorkerProcess | undefined, end: WorkerEnd): void {
    this.#worker = undefined;
    if (this.#stopping.signal.aborted) return;
    this.#deps.logger.error("worker ended", { workerPid: worker?.pid, ...end });
    const isShort = this.#deps.clock.monotonicMs() - this.#startedMs < shortLifeMs;
    const attempt = isShort ? this.#shortLives : 0;
    this.#shortLives = isShort ? this.#shortLives + 1 : 0;
    this.#deps.onReplaced();
    void this.#restart(attempt);
  }

  async #restart(attempt: number): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stopping;
    if (attempt > 0) await delay(clock, this.#pace.delayMs({ attempt }), signal);
    if (!signal.aborted) this.start();
  }
}
