import type { Clock, Logger } from "@kasbah/runtime";

type Level = "half" | "expired";

/**
 * Raises an alarm while an application cannot load its new certificate: one log line when half of the time is over
 * that its loaded certificate still had when the failures began, and one when that certificate has expired.
 */
export class StaleAlarm {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #raised = new Set<Level>();
  #sinceMs: number | undefined;

  constructor(name: string, clock: Clock, logger: Logger) {
    this.#name = name;
    this.#clock = clock;
    this.#logger = logger;
  }

  clear(): void {
    this.#sinceMs = undefined;
    this.#raised.clear();
  }

  /** @param deadline when the loaded certificate expires; undefined if no certificate is known to be loaded */
  failed(deadline: Date | undefined): void {
    const nowMs = this.#clock.now().getTime();
    this.#sinceMs ??= nowMs;
    if (deadline === undefined) return;
    const endMs = deadline.getTime();
    if (nowMs >= endMs) this.#raise("expired", "the application's certificate has expired", deadline);
    else if (nowMs >= (this.#sinceMs + endMs) / 2)
      this.#raise("half", "the application's certificate is about to expire", deadline);
  }

  #raise(level: Level, event: string, deadline: Date): void {
    if (this.#raised.has(level)) return;
    this.#raised.add(level);
    const facts = { consumer: this.#name, deadline: deadline.toISOString() };
    this.#logger.error(`stale-consumer: ${event}, and it has not loaded the new one`, facts);
  }
}
