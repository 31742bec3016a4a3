import type { Clock, Component, Counter, Logger } from "@kasbah/runtime";
import { type CommandOutcome, runShell } from "./run-shell.ts";

export interface OnRotateCommandDeps {
  readonly command: string;
  readonly timeoutMs: number;
  /** What the command is told beside `KASBAH_SPIFFE_ID`: never a secret. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runs: Counter<"result">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs the operator's command after each new set of files, one at a time: sets that come while it runs make it run once
 * more afterwards. Its failure is told and changes nothing else.
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

  /** How the last run failed; undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async start(): Promise<void> {}

  /** Ends a command that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Runs the command soon, for the workload of this SPIFFE ID. */
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
    this.#tell(outcome, Math.round(clock.monotonicMs() - startedMs));
  }

  #tell({ result, exitCode, killedBy, output }: CommandOutcome, tookMs: number): void {
    const { logger, timeoutMs } = this.#deps;
    const facts = { exitCode, killedBy, tookMs, output };
    if (result === "ok") {
      this.#problem = undefined;
      logger.info("on-rotate command ran", facts);
      return;
    }
    const how = killedBy === undefined ? `exit code ${exitCode ?? "unknown"}` : `ended by ${killedBy}`;
    this.#problem = `the on-rotate command failed: ${result === "timeout" ? `it took longer than ${timeoutMs} ms` : how}; the log has its last words`;
    logger.error("on-rotate command failed", { result, ...facts });
  }
}
