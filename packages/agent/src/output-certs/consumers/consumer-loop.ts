import { type Clock, type Counter, type Logger, Loop, OncePerReason, RetryPace } from "@kasbah/runtime";
import type { Consumer, ConsumerState, FilesChange } from "./consumer.ts";
import type { LoadedChange, LoadedMemory } from "./loaded-memory.ts";
import { type CommandOutcome, reasonOf } from "./outcome.ts";
import { StaleAlarm } from "./stale-alarm.ts";

/** One way to make an application load the files. */
export interface ConsumerRun {
  /** The name in the log and in warnings, such as `on-rotate command`. */
  readonly name: string;
  /** The label of its metrics. */
  readonly kind: string;
  /** Makes the application load the files. Must not reject, and ends soon after `signal` aborts. */
  readonly run: (change: FilesChange, signal: AbortSignal) => Promise<CommandOutcome>;
}

export interface ConsumerLoopDeps extends ConsumerRun {
  readonly runs: Counter<"result">;
  readonly memory?: Pick<LoadedMemory, "recall" | "remember">;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/** An application that is down must not be hit by a run in every moment, and one that is back should not wait long. */
const retry = { baseMs: 1_000, capMs: 59_000, shortestMs: 1_000 };

/**
 * Runs once for each new set of files, one run at a time, and repeats a failed run at growing intervals until it
 * succeeds. A set that arrives during a run or a pause replaces the earlier one, and its run starts at once.
 */
export class ConsumerLoop implements Consumer {
  readonly name: string;
  readonly kind: string;
  readonly #deps: ConsumerLoopDeps;
  readonly #loop: Loop;
  readonly #pace: RetryPace;
  readonly #alarm: StaleAlarm;
  readonly #reported = new OncePerReason();
  #wanted: FilesChange | undefined;
  #loaded: LoadedChange | undefined;
  /** Failed runs for the wanted change. */
  #attempts = 0;
  #failures = 0;
  #problem: string | undefined;

  constructor(deps: ConsumerLoopDeps) {
    const { name, kind, clock, roll, logger } = deps;
    this.name = name;
    this.kind = kind;
    this.#deps = deps;
    this.#pace = new RetryPace({ ...retry, roll });
    this.#alarm = new StaleAlarm(name, clock, logger);
    this.#loop = new Loop({ clock, pass: (signal) => this.#pass(signal) });
  }

  get state(): ConsumerState {
    return { failures: this.#failures, problem: this.#problem, deadline: this.#loaded?.notAfter };
  }

  async start(): Promise<void> {
    this.#loaded = await this.#deps.memory?.recall();
    this.#loop.start();
  }

  /** Ends a run in progress. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  notify(change: FilesChange): void {
    this.#wanted = change;
    this.#attempts = 0;
    this.#loop.wake();
  }

  async #pass(signal: AbortSignal): Promise<number | undefined> {
    const { run, runs, memory, clock } = this.#deps;
    const change = this.#wanted;
    if (change === undefined) return Number.POSITIVE_INFINITY;
    this.#wanted = undefined;
    const startedMs = clock.monotonicMs();
    const outcome = await run(change, signal);
    if (signal.aborted && outcome.result === "timeout") return undefined;
    runs.inc({ result: outcome.result });
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    if (outcome.result === "ok") {
      this.#succeeded(change, outcome, tookMs);
      await memory?.remember(change);
      return Number.POSITIVE_INFINITY;
    }
    this.#wanted ??= change;
    return this.#failed(outcome, tookMs);
  }

  #succeeded(change: FilesChange, { exitCode, output }: CommandOutcome, tookMs: number): void {
    const { name, logger } = this.#deps;
    logger.info(`${name} ran`, { exitCode, tookMs, output, failuresBefore: this.#failures || undefined });
    this.#loaded = change;
    this.#attempts = 0;
    this.#failures = 0;
    this.#problem = undefined;
    this.#reported.clear();
    this.#alarm.clear();
  }

  #failed(outcome: CommandOutcome, tookMs: number): number {
    const { name, logger } = this.#deps;
    const retryInMs = Math.round(this.#pace.delayMs({ attempt: this.#attempts }));
    this.#attempts += 1;
    this.#failures += 1;
    const reason = reasonOf(outcome);
    this.#problem = `the ${name} failed: ${reason}`;
    const { result, exitCode, killedBy, output } = outcome;
    const facts = { result, exitCode, killedBy, tookMs, output, failures: this.#failures, retryInMs };
    // Retries go on for hours, so equal failures are logged as errors only once.
    let level: "debug" | "error" = "debug";
    this.#reported.failed(reason, () => {
      level = "error";
    });
    logger[level](`${name} failed`, facts);
    this.#alarm.failed(this.#loaded?.notAfter);
    return retryInMs;
  }
}
