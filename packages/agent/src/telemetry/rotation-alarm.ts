import { Gauge, type Logger, type Registry } from "@kasbah/runtime";
import { type AlarmLevel, alarmLevels, levelsReached } from "../rotation/alarm.ts";
import type { RotationObserver } from "../rotation/rotator.ts";
import type { SecretStore } from "../secret/secret-store.ts";

/**
 * Raises an alarm with growing urgency while rotation fails and the served secret approaches its expiry: one
 * log line per level, and a gauge.
 */
export class RotationAlarm {
  readonly #store: SecretStore;
  readonly #logger: Logger;
  readonly #reported = new Set<AlarmLevel>();
  #isFailing = false;

  constructor(store: SecretStore, registry: Registry, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    const raised = () => this.raised;
    new Gauge({
      name: "kasbah_agent_rotation_alarm",
      help: "1 while renewal fails and at most this percentage of the lifetime is left.",
      labelNames: ["life_left_percent"],
      registers: [registry],
      collect() {
        const reached = raised();
        for (const level of alarmLevels)
          this.set({ life_left_percent: String(level) }, reached.includes(level) ? 1 : 0);
      },
    });
  }

  /** The levels reached; empty while rotation works and before the first secret. */
  get raised(): readonly AlarmLevel[] {
    const { current } = this.#store;
    return this.#isFailing && current !== undefined ? levelsReached(current, this.#store.now()) : [];
  }

  /** Wraps an observer so that the alarm sees its events. */
  around(observer: RotationObserver): RotationObserver {
    return {
      onRotated: (secret) => {
        this.#isFailing = false;
        this.#reported.clear();
        observer.onRotated(secret);
      },
      onFailed: (failure) => {
        this.#isFailing = true;
        observer.onFailed(failure);
        this.#report(failure.code);
      },
    };
  }

  #report(code: string): void {
    const news = this.raised.filter((level) => !this.#reported.has(level));
    const gravest = news.at(-1);
    if (gravest === undefined) return;
    for (const level of news) this.#reported.add(level);
    const notAfter = this.#store.current?.notAfter.toISOString();
    const facts = { code, lifeLeftPercent: gravest, notAfter };
    this.#logger[gravest === 50 ? "warn" : "error"](
      "rotation keeps failing and the secret is about to expire",
      facts,
    );
  }
}
