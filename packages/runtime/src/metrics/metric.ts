import type { MetricDefinition } from "./definition.ts";
import type { Labels } from "./exposition.ts";

/** The methods of a metric that a registry uses. */
export interface Metric {
  readonly definition: MetricDefinition;
  /** The metric's lines in the text format, its header included. */
  render(): string | Promise<string>;
}

/** Where metrics are registered on creation. */
export interface MetricHome {
  register(metric: Metric): void;
}

/** Options of every metric; it is added to each of `registers`. */
export interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly L[];
  /** Of the values, if the name does not end with it. */
  readonly unit?: string;
  readonly registers: readonly MetricHome[];
}

/** Some of a metric's labels. */
export type LabelsOf<L extends string> = { readonly [name in L]?: string | number };

/** Numbers by labels, in the order in which they were first set. */
export class Samples<L extends string> {
  readonly #names: readonly L[];
  readonly #samples = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(names: readonly L[]) {
    this.#names = names;
    this.clear();
  }

  /** Without labels, a metric has its one number from the start, so that its first increase is visible. */
  clear(): void {
    this.#samples.clear();
    if (this.#names.length === 0) this.#samples.set("", { labels: {}, value: 0 });
  }

  /** @throws TypeError for an undeclared label. */
  set(labels: LabelsOf<L>, value: (before: number) => number): void {
    const key = this.#keyOf(labels);
    const sample = this.#samples.get(key);
    if (sample !== undefined) sample.value = value(sample.value);
    else this.#samples.set(key, { labels: this.#known(labels), value: value(0) });
  }

  /** The values with their lengths, so that no two combinations of values have the same key. */
  #keyOf(labels: LabelsOf<L>): string {
    let key = "";
    let left = 0;
    for (const _ in labels) left += 1;
    for (const name of this.#names) {
      const value = labels[name];
      if (value === undefined) {
        key += "-";
        continue;
      }
      const text = String(value);
      key += `${text.length}:${text}`;
      left -= 1;
    }
    if (left === 0) return key;
    const [wanted, given] = [this.#names, Object.keys(labels)].map((names) => names.join(", ") || "none");
    throw new TypeError(`expected labels ${wanted}, got ${given}`);
  }

  #known(labels: LabelsOf<L>): Labels {
    const known = this.#names.filter((name) => labels[name] !== undefined);
    return Object.fromEntries(known.map((name) => [name, String(labels[name])]));
  }

  *[Symbol.iterator](): Iterator<{ readonly labels: Labels; readonly value: number }> {
    yield* this.#samples.values();
  }
}
