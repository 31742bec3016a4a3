import type { Clock, Logger, Registry } from "@kasbah/runtime";
import type { AgentConfig } from "./config/options.ts";
import type { SecretStore } from "./secret/secret-store.ts";
import type { SkippedRoots } from "./secret/skipped-roots.ts";

/** The dependencies that every room of the agent is created with. */
export interface AgentDeps {
  readonly config: AgentConfig;
  readonly store: SecretStore;
  readonly skippedRoots: SkippedRoots;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}
