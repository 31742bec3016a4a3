import type { MetricDefinition } from "./definition.ts";
import { headOf, sampleLine } from "./exposition.ts";
import { type LabelsOf, type Metric, type MetricOptions, Samples } from "./metric.ts";

/** A number that only increases, one for each combination of its labels. */
export class Counter<L extends string = string> implements Metric {
  readonly definition: MetricDefinition;
  readonly #samples: Samples<L>;

  constructor({ registers, labelNames = [], ...about }: MetricOptions<L>) {
    this.definition = { ...about, labelNames, type: "counter" };
    this.#samples = new Samples(labelNames);
    for (const registry of registers) registry.register(this);
  }

  /** Adds one, or `by`, which must not be negative. */
  inc(by?: number): void;
  inc(labels: LabelsOf<L>, by?: number): void;
  inc(first: number | LabelsOf<L> = 1, second = 1): void {
    const by = typeof first === "number" ? first : second;
    if (!(by >= 0)) throw new RangeError(`${this.definition.name}: a counter cannot decrease`);
    this.#samples.set(typeof first === "number" ? {} : first, (before) => before + by);
  }

  render(): string {
    const { name } = this.definition;
    const lines = [...this.#samples].map(({ labels, value }) => sampleLine(name, labels, value));
    return headOf(this.definition) + lines.join("");
  }
}
