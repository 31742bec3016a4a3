import { type Clock, systemClock } from "../clock.ts";
import type { Logger } from "../log/log.ts";
import { delay } from "../task/delay.ts";
import type { HostEvent, ProcessHost } from "./process-host.ts";
import { ignoredSignals, type StopSignal, stopSignals } from "./signals.ts";

/** A part of a daemon that is started and stopped. */
export interface Component {
  readonly name: string;
  /** Resolves once the component serves; must not wait for peers. */
  start(): Promise<void>;
  /**
   * Finishes the work in progress and releases all resources. Called at most once, possibly while `start` is
   * still pending.
   */
  stop(): Promise<void>;
  /** Reads the files that it takes its settings from, without waiting until it notices a change. Must not throw. */
  reread?(): void;
}

export interface Daemon {
  readonly name: string;
  readonly logger: Logger;
  /** Started in this order, stopped in reverse. */
  readonly components: readonly Component[];
  /** The time limit for stopping all components; defaults to 10 seconds. */
  readonly graceMs?: number;
  /** Called once every component has started. Must not reject. */
  onStarted?(): Promise<void>;
  /** Writes the last log lines before the exit; limits its own duration. */
  flush?(): Promise<void>;
  readonly clock?: Clock;
  /** Whether the daemon runs in a terminal, which sends SIGHUP when it is closed. */
  readonly hasTerminal?: boolean;
}

/** After a fault no state can be trusted, so the work in progress gets less time than in a clean stop. */
const faultGraceMs = 4000;

/**
 * Runs a daemon until it is stopped, then exits the process: 0 after SIGTERM, SIGINT or SIGQUIT if every component
 * stopped in time, 1 after a failed start, a fault, or a component that did not stop. A second SIGINT exits
 * immediately. SIGHUP makes the components read their files again; other signals are only logged.
 */
export async function runDaemon(daemon: Daemon, host: ProcessHost): Promise<void> {
  await new RunningDaemon(daemon, host).run();
}

class RunningDaemon {
  readonly #daemon: Daemon;
  readonly #host: ProcessHost;
  readonly #clock: Clock;
  readonly #reached: Component[] = [];
  readonly #exited = Promise.withResolvers<void>();
  #stopping = false;
  #interrupted = false;
  #hasExited = false;

  constructor(daemon: Daemon, host: ProcessHost) {
    this.#daemon = daemon;
    this.#host = host;
    this.#clock = daemon.clock ?? systemClock;
  }

  async run(): Promise<void> {
    const listeners = this.#listeners();
    for (const [event, listener] of listeners) this.#host.on(event, listener);
    // Not awaited: a start that hangs must not block a stop.
    void this.#start();
    await this.#exited.promise;
    for (const [event, listener] of listeners) this.#host.off(event, listener);
  }

  #listeners(): [HostEvent, (value: unknown) => void][] {
    return [
      ...stopSignals.map((signal) => [signal, () => this.#onStopSignal(signal)] as [HostEvent, () => void]),
      ...ignoredSignals.map((signal) => [signal, () => this.#onIgnored(signal)] as [HostEvent, () => void]),
      ["SIGHUP", () => this.#onHangUp()],
      ["uncaughtException", (error) => this.#onFault("uncaught exception", error)],
      ["unhandledRejection", (error) => this.#onFault("unhandled rejection", error)],
    ];
  }

  async #start(): Promise<void> {
    const { logger, components, name } = this.#daemon;
    for (const component of components) {
      if (this.#stopping) return;
      this.#reached.push(component);
      try {
        await component.start();
      } catch (error) {
        if (this.#stopping) return;
        this.#reached.pop();
        logger.error("start failed", { component: component.name, error });
        return this.#stop(1, this.#graceMs);
      }
    }
    if (this.#stopping) return;
    logger.info("daemon started", { daemon: name });
    await this.#daemon.onStarted?.();
  }

  #onHangUp(): void {
    if (this.#daemon.hasTerminal) {
      this.#onStopSignal("SIGHUP");
      return;
    }
    if (this.#stopping) return;
    const readers = this.#reached.filter(({ reread }) => reread !== undefined);
    this.#daemon.logger.info("reading files again", {
      signal: "SIGHUP",
      of: readers.map(({ name }) => name),
    });
    for (const component of readers) component.reread?.();
  }

  #onIgnored(signal: HostEvent): void {
    this.#daemon.logger.warn("signal ignored", { signal });
  }

  #onStopSignal(signal: StopSignal | "SIGHUP"): void {
    const isSecondInterrupt = signal === "SIGINT" && this.#interrupted;
    this.#interrupted ||= signal === "SIGINT";
    if (isSecondInterrupt) this.#exitNow();
    if (this.#stopping) return;
    this.#daemon.logger.info("stopping", { signal });
    void this.#stop(0, this.#graceMs);
  }

  #onFault(event: string, error: unknown): void {
    this.#daemon.logger.error(event, { error });
    if (this.#stopping) this.#exitNow();
    else void this.#stop(1, Math.min(this.#graceMs, faultGraceMs));
  }

  async #stop(exitCode: number, graceMs: number): Promise<void> {
    this.#stopping = true;
    const left = new Set(this.#reached);
    let failed = false;
    const stopped = this.#stopAll(left).then((ok) => {
      failed = !ok;
    });
    await within(this.#clock, graceMs, stopped);
    for (const { name } of left)
      this.#daemon.logger.error("component did not stop in time", { component: name });
    const code = failed || left.size > 0 ? 1 : exitCode;
    this.#daemon.logger.info("daemon stopped", { daemon: this.#daemon.name, exitCode: code });
    await this.#daemon.flush?.();
    this.#exit(code);
  }

  async #stopAll(left: Set<Component>): Promise<boolean> {
    let ok = true;
    for (const component of [...left].reverse()) {
      try {
        await component.stop();
      } catch (error) {
        ok = false;
        this.#daemon.logger.error("component failed to stop", { component: component.name, error });
      }
      left.delete(component);
    }
    return ok;
  }

  #exitNow(): void {
    this.#daemon.logger.warn("exiting immediately");
    this.#exit(1);
  }

  #exit(code: number): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#host.exit(code);
    this.#exited.resolve();
  }

  get #graceMs(): number {
    return this.#daemon.graceMs ?? 10_000;
  }
}

/** Waits for the work, but at most for `ms`. The work must not reject. */
async function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(clock, ms, timer.signal)]);
  timer.abort();
}
