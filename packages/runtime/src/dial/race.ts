import type { Clock } from "../clock.ts";
import { delay } from "../task/delay.ts";

/** One attempt to open a connection to one address. */
export interface Attempt<T> {
  /** Resolves once the peer has accepted the TCP connection. */
  readonly connected: Promise<unknown>;
  /** Resolves once the connection can be used; rejects with the reason if it cannot. */
  readonly ready: Promise<T>;
  close(): void;
}

export interface RaceOptions<T> {
  /** In the order of preference, each once. */
  readonly addresses: readonly string[];
  readonly open: (address: string) => Attempt<T>;
  /** The time within which a connection is of use. The race itself does not end then: its caller closes it. */
  readonly withinMs: number;
  readonly clock: Clock;
}

/** RFC 8305 §8: the recommended delay between two attempts, and the shortest that it allows. */
const longestStaggerMs = 250;
const shortestStaggerMs = 10;
/** A peer that has accepted a connection is alive: it gets longer for TLS before another address is tried beside it. */
const shortestPatienceMs = 1_000;

type State = "waiting" | "connecting" | "connected" | "failed";

interface Runner<T> {
  readonly address: string;
  state: State;
  startedMs: number;
  attempt?: Attempt<T>;
  failure?: unknown;
}

/**
 * Tries the addresses of one name (RFC 8305). The next attempt starts after a delay, or as soon as one fails, and
 * the earlier ones continue: on a slow link, the only live address may need longer than the delay. The first
 * address that accepts the connection stops those that have not. If it then stays silent, they start again beside
 * it. The first connection that can be used wins, and all others are closed.
 */
export class Race<T> {
  readonly #options: RaceOptions<T>;
  readonly #runners: readonly Runner<T>[];
  readonly #winner = Promise.withResolvers<T>();
  #timer = new AbortController();
  #isOver = false;

  constructor(options: RaceOptions<T>) {
    this.#options = options;
    this.#runners = options.addresses.map((address) => ({ address, state: "waiting", startedMs: 0 }));
  }

  /** Rejects with the reason of every address if none can be used. */
  run(): Promise<T> {
    this.#startNext();
    return this.#winner.promise;
  }

  /** Ends the race without a winner, and closes every connection. */
  close(reason: unknown): void {
    if (!this.#isOver) this.#winner.reject(reason);
    this.#end(undefined);
  }

  /** What is known of each address so far. */
  describe(): string {
    return this.#runners.map((runner) => `${runner.address}: ${stateOf(runner)}`).join("; ");
  }

  #startNext(): void {
    const runner = this.#runners.find(({ state }) => state === "waiting");
    if (runner === undefined) {
      this.#loseIfAllFailed();
      return;
    }
    runner.state = "connecting";
    runner.startedMs = this.#options.clock.monotonicMs();
    try {
      this.#follow(runner, this.#options.open(runner.address));
    } catch (error) {
      // Node throws if it cannot use the keys or certificates for TLS.
      this.#onFailed(runner, error);
      return;
    }
    this.#startNextAfter(this.#staggerMs());
  }

  #follow(runner: Runner<T>, attempt: Attempt<T>): void {
    runner.attempt = attempt;
    const isCurrent = () => !this.#isOver && runner.attempt === attempt;
    attempt.connected.then(
      () => isCurrent() && this.#onConnected(runner),
      () => {},
    );
    attempt.ready.then(
      (value) => isCurrent() && this.#onReady(runner, value),
      (error: unknown) => isCurrent() && this.#onFailed(runner, error),
    );
  }

  #onConnected(runner: Runner<T>): void {
    if (runner.state !== "connecting") return;
    runner.state = "connected";
    for (const other of this.#runners) {
      if (other.state !== "connecting") continue;
      other.state = "waiting";
      this.#closeAttempt(other);
    }
    const tookMs = this.#options.clock.monotonicMs() - runner.startedMs;
    this.#startNextAfter(Math.min(Math.max(shortestPatienceMs, 1.5 * tookMs), this.#options.withinMs / 4));
  }

  #onReady(runner: Runner<T>, value: T): void {
    this.#winner.resolve(value);
    this.#end(runner);
  }

  #onFailed(runner: Runner<T>, error: unknown): void {
    runner.state = "failed";
    runner.failure = error;
    this.#closeAttempt(runner);
    this.#startNext();
  }

  #loseIfAllFailed(): void {
    if (!this.#runners.every(({ state }) => state === "failed")) return;
    this.#winner.reject(failureOf(this.#runners));
    this.#end(undefined);
  }

  #startNextAfter(ms: number): void {
    this.#timer.abort();
    if (!this.#runners.some(({ state }) => state === "waiting")) return;
    const timer = new AbortController();
    this.#timer = timer;
    void delay(this.#options.clock, ms, timer.signal).then(() => {
      if (!timer.signal.aborted) this.#startNext();
    });
  }

  /** Short enough that the last address is tried before half of the time is over. */
  #staggerMs(): number {
    const share = this.#options.withinMs / (2 * this.#runners.length);
    return Math.max(shortestStaggerMs, Math.min(longestStaggerMs, share));
  }

  #end(winner: Runner<T> | undefined): void {
    this.#isOver = true;
    this.#timer.abort();
    for (const runner of this.#runners) if (runner !== winner) this.#closeAttempt(runner);
  }

  #closeAttempt(runner: Runner<T>): void {
    const { attempt } = runner;
    delete runner.attempt;
    attempt?.close();
  }
}

function stateOf({ state, failure }: Runner<unknown>): string {
  if (state === "failed") return reasonOf(failure);
  if (state === "connected") return "accepted the connection, but did not complete the TLS handshake";
  return state === "connecting" ? "has not accepted the connection" : "not tried";
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** A single address's error is kept as it is; those of several name their address. */
function failureOf(runners: readonly Runner<unknown>[]): unknown {
  const [only, ...more] = runners;
  if (more.length === 0) return only?.failure;
  const errors = runners.map((runner) => {
    const { address, failure } = runner;
    const reason = reasonOf(failure);
    return reason.includes(address) ? failure : new Error(`${address}: ${reason}`, { cause: failure });
  });
  return new AggregateError(errors, `none of ${errors.length} addresses can be used`);
}
