import type { ActivityMessage, CountedActivityMessage } from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import type { CaMetrics } from "./metrics.ts";
import { bucketMs, MinuteCounts } from "./minute-counts.ts";
import type { UnauthenticatedMetrics } from "./unauthenticated-metrics.ts";

/** More codes than the CA has, so that a mistake elsewhere costs no memory. */
const mostCodes = 100;
const otherCode = "OTHER";

/** Counts what the CA did in the last hour, for operators, in bounded memory. */
export class Activity {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Aligns the buckets with the minutes of the clock at the start. */
  readonly #offsetMs: number;
  readonly #issued: MinuteCounts;
  readonly #refused = new Map<string, MinuteCounts>();
  readonly #handshakes = new Map<string, MinuteCounts>();

  /** Later steps of the wall clock move no count. */
  constructor(clock: Pick<Clock, "monotonicMs" | "now">) {
    this.#clock = clock;
    this.#offsetMs = (clock.now().getTime() % bucketMs) - clock.monotonicMs();
    this.#issued = new MinuteCounts(this.#minute());
  }

  issued(): void {
    this.#issued.add(this.#minute());
  }

  refused(code: string): void {
    this.#count(this.#refused, code);
  }

  handshakeFailed(reason: string): void {
    this.#count(this.#handshakes, reason);
  }

  /** @param now the trusted time */
  read(now: Date): ActivityMessage {
    const minute = this.#minute();
    const leftMs = bucketMs - (this.#passedMs() % bucketMs);
    return {
      bucketMs,
      endsAt: new Date(Math.round((now.getTime() + leftMs) / 1_000) * 1_000),
      issued: this.#issued.until(minute),
      refused: countsIn(this.#refused, minute),
      handshakes: countsIn(this.#handshakes, minute),
    };
  }

  #count(codes: Map<string, MinuteCounts>, code: string): void {
    const name = codes.has(code) || codes.size < mostCodes ? code : otherCode;
    const minute = this.#minute();
    const counts = codes.get(name) ?? new MinuteCounts(minute);
    codes.set(name, counts);
    counts.add(minute);
  }

  #passedMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs;
  }

  #minute(): number {
    return Math.floor(this.#passedMs() / bucketMs);
  }
}

/** The metrics, which count in the activity as well. */
export function countActivity(metrics: CaMetrics, activity: Pick<Activity, "issued" | "refused">): CaMetrics {
  return {
    ...metrics,
    certificateIssued(durationMs) {
      metrics.certificateIssued(durationMs);
      activity.issued();
    },
    callRefused(code, citadel) {
      metrics.callRefused(code, citadel);
      activity.refused(code);
    },
    overloaded() {
      metrics.overloaded();
      activity.refused("OVERLOADED");
    },
  };
}

/** The same for connections that end before their first call. */
export function countHandshakes(
  metrics: UnauthenticatedMetrics,
  activity: Pick<Activity, "handshakeFailed">,
): UnauthenticatedMetrics {
  return {
    ...metrics,
    handshakeFailed(reason) {
      metrics.handshakeFailed(reason);
      activity.handshakeFailed(reason);
    },
  };
}

/** The codes that occurred, the most frequent first. */
function countsIn(codes: ReadonlyMap<string, MinuteCounts>, minute: number): CountedActivityMessage[] {
  return [...codes]
    .map(([code, minutes]) => ({ code, counts: minutes.until(minute) }))
    .map((one) => ({ ...one, total: one.counts.reduce((sum, count) => sum + count) }))
    .filter(({ total }) => total > 0)
    .sort((one, other) => other.total - one.total || (one.code < other.code ? -1 : 1))
    .map(({ code, counts }) => ({ code, counts }));
}
