import type { MetricDefinition } from "./definition.ts";
import { headOf, sampleLine } from "./exposition.ts";
import type { Metric, MetricOptions } from "./metric.ts";

export interface HistogramOptions extends Omit<MetricOptions<never>, "labelNames"> {
  /** Upper bounds in ascending order; observations above the last are counted, too. */
  readonly buckets: readonly number[];
}

/** Counts the observations below each of several bounds, and their sum. */
export class Histogram implements Metric {
  readonly definition: MetricDefinition;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor({ buckets, registers, ...about }: HistogramOptions) {
    this.definition = { ...about, labelNames: [], type: "histogram" };
    this.#bounds = [...buckets, Number.POSITIVE_INFINITY];
    this.#counts = this.#bounds.map(() => 0);
    for (const registry of registers) registry.register(this);
  }

  observe(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    // NaN belongs to no bucket and would corrupt the sum permanently.
    if (at < 0) return;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  render(): string {
    const { name } = this.definition;
    let below = 0;
    const lines = this.#bounds.map((bound, at) => {
      below += this.#counts[at] ?? 0;
      const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : bound;
      return sampleLine(`${name}_bucket`, { le }, below);
    });
    return [
      headOf(this.definition),
      ...lines,
      sampleLine(`${name}_sum`, {}, this.#sum),
      sampleLine(`${name}_count`, {}, below),
    ].join("");
  }
}
