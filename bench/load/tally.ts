import { percentile } from "../statistics/percentile.ts";
import type { Outcome } from "./order.ts";

/** Counts what happened to the calls of one run. */
export class Tally {
  readonly #latenciesMs: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #cpuBefore = process.cpuUsage();
  readonly #startedMs = performance.now();
  hostileServed = 0;

  served(latencyMs: number): void {
    this.#latenciesMs.push(latencyMs);
  }

  failed(reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  outcome(): Outcome {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      seconds: (performance.now() - this.#startedMs) / 1000,
      served: this.#latenciesMs.length,
      failures: Object.fromEntries(this.#failures),
      p50Ms: percentile(this.#latenciesMs, 0.5),
      p99Ms: percentile(this.#latenciesMs, 0.99),
      p999Ms: percentile(this.#latenciesMs, 0.999),
      hostileServed: this.hostileServed,
      clientCpuSeconds: (user + system) / 1e6,
    };
  }
}
