export { Counter } from "./counter.ts";
export { createRegistry } from "./create-registry.ts";
export type { MetricDefinition } from "./definition.ts";
export { Gauge } from "./gauge.ts";
export { Histogram } from "./histogram.ts";
export type { Metric } from "./metric.ts";
export { Registry } from "./registry.ts";
