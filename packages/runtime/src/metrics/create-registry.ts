import { Gauge } from "./gauge.ts";
import { registerProcessMetrics } from "./process-metrics.ts";
import { Registry } from "./registry.ts";

/** A registry of its own with the process metrics and `kasbah_build_info`. */
export function createRegistry({ name, version }: { name: string; version: string }): Registry {
  const registry = new Registry();
  registerProcessMetrics(registry);
  new Gauge({
    name: "kasbah_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["name", "version"],
    registers: [registry],
  }).set({ name, version }, 1);
  return registry;
}
