import type { Clock, Logger, Registry } from "@kasbah/runtime";
import type { AgentConfig } from "./config/command.ts";
import type { SecretStore } from "./secret/secret-store.ts";
import type { AgentMetrics } from "./telemetry/metrics.ts";

/** What every part of the agent stands on. */
export interface Ground {
  readonly config: AgentConfig;
  readonly store: SecretStore;
  readonly registry: Registry;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}
