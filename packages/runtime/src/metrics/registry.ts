import type { MetricDefinition } from "./definition.ts";
import { contentType } from "./exposition.ts";
import type { Metric, MetricHome } from "./metric.ts";

/** The metrics of one process. */
export class Registry implements MetricHome {
  /** The content type of the result of `metrics`. */
  readonly contentType = contentType;
  readonly #metrics = new Map<string, Metric>();

  register(metric: Metric): void {
    const { name } = metric.definition;
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new TypeError(`${name}: not a valid metric name`);
    if (this.#metrics.has(name)) throw new TypeError(`${name}: already registered`);
    this.#metrics.set(name, metric);
  }

  /** What each metric is, in the order of their registration. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#metrics.values()].map(({ definition }) => definition);
  }

  /** All metrics in Prometheus's text format 0.0.4, in the order of their registration. */
  async metrics(): Promise<string> {
    const texts = await Promise.all([...this.#metrics.values()].map((metric) => metric.render()));
    return texts.join("\n");
  }
}
