/** What a metric is, apart from its values. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labelNames: readonly string[];
  /** As in `seconds`; undefined for a plain number. */
  readonly unit?: string | undefined;
}
