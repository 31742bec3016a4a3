import { type Clock, type Component, delay, type Logger, Loop, OncePerReason } from "@kasbah/runtime";
import { CaError } from "../../errors.ts";
import { HeldKeys } from "./held-keys.ts";
import { parseVerificationKeys, verificationKeyHash } from "./key-set.ts";
import type { TokenKeys } from "./verification-keys.ts";

/** How a key set is read. */
export interface KeySetReader {
  /** The location of the key set, for logs. */
  readonly location: string;
  /** Reads the text of the key set, or rejects. */
  readonly read: (signal: AbortSignal) => Promise<string>;
  /** How often the CA refreshes the key set, so that a withdrawn key stops being accepted. */
  readonly refreshIntervalMs: number;
}

export interface JwksSourceDeps extends KeySetReader {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface LoadedSet {
  readonly text: string;
  readonly held: HeldKeys;
  readonly keyHashes: readonly string[];
  /** The monotonic time of the last successful read of this set. */
  readonly confirmedMs: number;
}

/** Tokens with invented key ids may cause at most one read of the source in this interval. */
const unknownKeyIntervalMs = 30_000;
/** How long the last good key set stays in use while its source is unavailable. */
const maxAgeMs = 24 * 3_600_000;
const firstReadMs = 1_000;
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;

/** A key set that is refreshed regularly. While its source is unavailable, the last good set stays in use. */
export class JwksSource implements Component, TokenKeys {
  readonly name = "jwks";
  readonly #deps: JwksSourceDeps;
  readonly #loop: Loop;
  readonly #failure = new OncePerReason();
  #loaded: LoadedSet | undefined;
  #failures = 0;
  #reading: Promise<void> | undefined;
  #unknownKeyReadMs: number | undefined;

  constructor(deps: JwksSourceDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ clock: deps.clock, pass: () => this.#refresh() });
  }

  /** True while tokens can be verified. */
  get usable(): boolean {
    return this.#loaded !== undefined && this.#ageMs(this.#loaded) <= maxAgeMs;
  }

  /** One hash for each key of the set, equal for equal keys. */
  get keyHashes(): readonly string[] {
    return this.#loaded?.keyHashes ?? [];
  }

  /**
   * Waits briefly for the first read. An unavailable source delays readiness but does not stop the server.
   */
  async start(): Promise<void> {
    const moment = new AbortController();
    await Promise.race([this.#readOnce(), delay(this.#deps.clock, firstReadMs, moment.signal)]);
    moment.abort();
    this.#loop.start(this.#delayMs());
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  reread(): void {
    this.#loop.wake();
  }

  current(): HeldKeys {
    const loaded = this.#loaded;
    if (loaded === undefined || !this.usable) throw unavailable("the key set could not be read");
    return loaded.held;
  }

  async refreshForUnknownKey(): Promise<void> {
    const now = this.#deps.clock.monotonicMs();
    const isDue =
      this.#unknownKeyReadMs === undefined || now - this.#unknownKeyReadMs >= unknownKeyIntervalMs;
    if (isDue) this.#unknownKeyReadMs = now;
    if (isDue || this.#reading !== undefined) await this.#readOnce();
    if (this.#failure.reason !== undefined) throw unavailable("the key set could not be refreshed");
  }

  /** Concurrent callers that need a fresh set share one read. */
  #readOnce(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const text = await this.#deps.read(this.#loop.signal);
      this.#take(text);
    } catch (error) {
      if (!this.#loop.signal.aborted) this.#fail(error);
    }
  }

  #take(text: string): void {
    const confirmedMs = this.#deps.clock.monotonicMs();
    const { logger, location } = this.#deps;
    if (this.#loaded?.text === text) {
      this.#loaded = { ...this.#loaded, confirmedMs };
    } else {
      const { keys, warnings } = parseVerificationKeys(text);
      const held = HeldKeys.from(keys);
      this.#loaded = { text, held, keyHashes: keys.map(verificationKeyHash), confirmedMs };
      for (const warning of warnings) logger.warn("jwks key ignored", { location, warning });
      logger.info("jwks loaded", { location, keys: keys.length });
    }
    if (this.#failure.clear()) logger.info("jwks source recovered", { location });
    this.#failures = 0;
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const { logger, location } = this.#deps;
    this.#failure.failed(reason, () =>
      logger.error("cannot read jwks", { location, error, keepsLastGoodSet: this.usable }),
    );
    this.#failures += 1;
  }

  async #refresh(): Promise<number> {
    await this.#readOnce();
    return this.#delayMs();
  }

  #delayMs(): number {
    const { refreshIntervalMs } = this.#deps;
    if (this.#failures === 0) return refreshIntervalMs;
    return Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs, refreshIntervalMs);
  }

  #ageMs({ confirmedMs }: LoadedSet): number {
    return this.#deps.clock.monotonicMs() - confirmedMs;
  }
}

function unavailable(reason: string): CaError {
  return new CaError("AUTHENTICATOR_UNAVAILABLE", `tokens cannot be verified now: ${reason}`);
}
