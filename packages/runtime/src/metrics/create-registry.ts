import { Gauge } from "./gauge.ts";
import { registerProcessMetrics } from "./process-metrics.ts";
import { Registry } from "./registry.ts";

/** Creates a registry with the process metrics and `kasbah_build_info`. */
export function createRegistry({ name, version }: { name: string; version: string }): Registry {
  const registry = new Registry();
  registerProcessMetrics(registry);
  new Gauge({
    name: "kasbah_build_info",
    help: "Always 1; the labels are the daemon's name and version.",
    labelNames: ["name", "version"],
    registers: [registry],
  }).set({ name, version }, 1);
  return registry;
}
