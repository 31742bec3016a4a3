import type { MetricDefinition } from "./definition.ts";
import { headOf, sampleLine } from "./exposition.ts";
import { type LabelsOf, type Metric, type MetricOptions, Samples } from "./metric.ts";

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Called at each scrape, to set the values to report. */
  collect?(this: Gauge<L>): void | Promise<void>;
}

/** A number that may increase and decrease, one for each combination of its labels. */
export class Gauge<L extends string = string> implements Metric {
  readonly definition: MetricDefinition;
  readonly #samples: Samples<L>;
  readonly #collect: ((this: Gauge<L>) => void | Promise<void>) | undefined;

  constructor(options: GaugeOptions<L>) {
    const { registers, collect, labelNames = [], ...about } = options;
    this.definition = { ...about, labelNames, type: "gauge" };
    this.#samples = new Samples(labelNames);
    this.#collect = collect;
    for (const registry of registers) registry.register(this);
  }

  set(value: number): void;
  set(labels: LabelsOf<L>, value: number): void;
  set(first: number | LabelsOf<L>, second = 0): void {
    const [labels, value] = typeof first === "number" ? [{}, first] : [first, second];
    this.#samples.set(labels, () => value);
  }

  inc(by = 1): void {
    this.#samples.set({}, (before) => before + by);
  }

  dec(by = 1): void {
    this.inc(-by);
  }

  /** Removes all labeled values; without labels, the value becomes zero. */
  reset(): void {
    this.#samples.clear();
  }

  async render(): Promise<string> {
    await this.#collect?.call(this);
    const { name } = this.definition;
    const lines = [...this.#samples].map(({ labels, value }) => sampleLine(name, labels, value));
    return headOf(this.definition) + lines.join("");
  }
}
