import { contentType } from "./exposition.ts";
import type { Metric, MetricHome } from "./metric.ts";

/** The metrics of one process. */
export class Registry implements MetricHome {
  /** The content type of the result of `metrics`. */
  readonly contentType = contentType;
  readonly #metrics = new Map<string, Metric>();

  register(metric: Metric): void {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric.name))
      throw new TypeError(`${metric.name}: not a valid metric name`);
    if (this.#metrics.has(metric.name)) throw new TypeError(`${metric.name}: already registered`);
    this.#metrics.set(metric.name, metric);
  }

  /** All metrics in Prometheus's text format 0.0.4, in the order of their registration. */
  async metrics(): Promise<string> {
    const texts = await Promise.all([...this.#metrics.values()].map((metric) => metric.render()));
    return texts.join("\n");
  }
}
