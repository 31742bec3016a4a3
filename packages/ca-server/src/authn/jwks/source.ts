import type { Clock, Component, Logger } from "@kasbah/runtime";
import { createLocalJWKSet, type JWTVerifyGetKey } from "jose";
import { CaError } from "../../errors.ts";
import { parseVerificationKeys } from "./key-set.ts";
import type { TokenKeys } from "./verification-keys.ts";

export interface JwksSourceParts {
  /** Where the set comes from, for logs. */
  readonly location: string;
  /** Reads the text of the set, or rejects. */
  readonly read: (signal: AbortSignal) => Promise<string>;
  /** How often the set is read anyway, so that a key that was withdrawn stops to count. */
  readonly refreshIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface LoadedSet {
  readonly text: string;
  readonly getKey: JWTVerifyGetKey;
  /** Monotonic time of the read that last confirmed the set. */
  readonly confirmedMs: number;
}

/** Tokens with made-up key names may cost the source this little and no more. */
const unknownKeyIntervalMs = 30_000;
/** The last good set outlives its source for so long. */
const maxAgeMs = 24 * 3_600_000;
const firstReadMs = 1_000;
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;

/** A key set that is read again and again; the last good one is kept while its source is down. */
export class JwksSource implements Component, TokenKeys {
  readonly name = "jwks";
  readonly #parts: JwksSourceParts;
  readonly #stopping = new AbortController();
  #loaded: LoadedSet | undefined;
  #lastFailure: string | undefined;
  #failures = 0;
  #reading: Promise<void> | undefined;
  #unknownKeyReadMs: number | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(parts: JwksSourceParts) {
    this.#parts = parts;
  }

  /** True while tokens can be checked. */
  get usable(): boolean {
    return this.#loaded !== undefined && this.#ageMs(this.#loaded) <= maxAgeMs;
  }

  /** Waits a moment for the first read; a source that is down delays readiness and does not stop the server. */
  async start(): Promise<void> {
    const moment = new AbortController();
    const patience = this.#parts.clock.sleep(firstReadMs, moment.signal).catch(() => undefined);
    await Promise.race([this.#readOnce(), patience]);
    moment.abort();
    this.#refreshing = this.#refreshForEver();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#refreshing;
  }

  current(): JWTVerifyGetKey {
    const loaded = this.#loaded;
    if (loaded === undefined || !this.usable) throw unavailable("the key set could not be read");
    return loaded.getKey;
  }

  async refreshForUnknownKey(): Promise<void> {
    const now = this.#parts.clock.monotonicMs();
    const isDue =
      this.#unknownKeyReadMs === undefined || now - this.#unknownKeyReadMs >= unknownKeyIntervalMs;
    if (isDue) this.#unknownKeyReadMs = now;
    if (isDue || this.#reading !== undefined) await this.#readOnce();
    if (this.#lastFailure !== undefined) throw unavailable("the key set could not be read again");
  }

  /** All who want a fresh set at the same time share one read. */
  #readOnce(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const text = await this.#parts.read(this.#stopping.signal);
      this.#take(text);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#fail(error);
    }
  }

  #take(text: string): void {
    const confirmedMs = this.#parts.clock.monotonicMs();
    const { logger, location } = this.#parts;
    if (this.#loaded?.text === text) {
      this.#loaded = { ...this.#loaded, confirmedMs };
    } else {
      const { keys, warnings } = parseVerificationKeys(text);
      this.#loaded = { text, getKey: createLocalJWKSet({ keys: [...keys] }), confirmedMs };
      for (const warning of warnings) logger.warn("jwks key ignored", { location, warning });
      logger.info("jwks loaded", { location, keys: keys.length });
    }
    if (this.#lastFailure !== undefined) logger.info("jwks source is back", { location });
    this.#lastFailure = undefined;
    this.#failures = 0;
  }

  /** Said once for each new reason, not for each attempt. */
  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#lastFailure) {
      const { logger, location } = this.#parts;
      logger.error("jwks can not be read", { location, error, keepsLastGoodSet: this.usable });
    }
    this.#lastFailure = reason;
    this.#failures += 1;
  }

  async #refreshForEver(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#parts.clock.sleep(this.#delayMs(), signal).catch(() => undefined);
      if (!signal.aborted) await this.#readOnce();
    }
  }

  #delayMs(): number {
    const { refreshIntervalMs } = this.#parts;
    if (this.#failures === 0) return refreshIntervalMs;
    return Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs, refreshIntervalMs);
  }

  #ageMs({ confirmedMs }: LoadedSet): number {
    return this.#parts.clock.monotonicMs() - confirmedMs;
  }
}

function unavailable(reason: string): CaError {
  return new CaError("AUTHENTICATOR_UNAVAILABLE", `tokens can not be checked now: ${reason}`);
}
