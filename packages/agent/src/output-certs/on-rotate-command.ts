import type { Clock, Component, Counter, Logger } from "@kasbah/runtime";
import { type CommandOutcome, runShell } from "./run-shell.ts";

export interface OnRotateCommandDeps {
  readonly command: string;
  readonly timeoutMs: number;
  /** Variables for the command besides `KASBAH_SPIFFE_ID`, without secrets of the agent. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runs: Counter<"result">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs the operator's command after each new set of files, one run at a time. Sets written during a run cause
 * one more run. A failure is reported and has no other effect.
 */
export class OnRotateCommand implements Component {
  readonly name = "on-rotate command";
  readonly #deps: OnRotateCommandDeps;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wantedFor: string | undefined;
  #problem: string | undefined;

  constructor(deps: OnRotateCommandDeps) {
    this.#deps = deps;
  }

  /** The reason the last run failed; undefined if it succeeded. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async start(): Promise<void> {}

  /** Terminates a running command. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Schedules a run for the workload with this SPIFFE ID. */
  request(spiffeId: string): void {
    this.#wantedFor = spiffeId;
    this.#running ??= this.#runWhileWanted();
  }

  async #runWhileWanted(): Promise<void> {
    while (this.#wantedFor !== undefined && !this.#stopping.signal.aborted) {
      const spiffeId = this.#wantedFor;
      this.#wantedFor = undefined;
      await this.#run(spiffeId);
    }
    this.#running = undefined;
  }

  async #run(spiffeId: string): Promise<void> {
    const { command, timeoutMs, environment, clock, runs } = this.#deps;
    const startedMs = clock.monotonicMs();
    const outcome = await runShell({
      command,
      timeoutMs,
      clock,
      environment: { ...environment, KASBAH_SPIFFE_ID: spiffeId },
      signal: this.#stopping.signal,
    });
    if (this.#stopping.signal.aborted && outcome.result === "timeout") return;
    runs.inc({ result: outcome.result });
    this.#report(outcome, Math.round(clock.monotonicMs() - startedMs));
  }

  #report({ result, exitCode, killedBy, output }: CommandOutcome, tookMs: number): void {
    const { logger, timeoutMs } = this.#deps;
    const facts = { exitCode, killedBy, tookMs, output };
    if (result === "ok") {
      this.#problem = undefined;
      logger.info("on-rotate command ran", facts);
      return;
    }
    const how = killedBy === undefined ? `exit code ${exitCode ?? "unknown"}` : `terminated by ${killedBy}`;
    this.#problem = `the on-rotate command failed: ${result === "timeout" ? `timed out after ${timeoutMs} ms` : how}; see the log for its output`;
    logger.error("on-rotate command failed", { result, ...facts });
  }
}
