import type { Clock, Component, Logger, Registry } from "@kasbah/runtime";
import type { SecretStore } from "../secret-store.ts";

/** What parts that keep files stand on. */
export interface FileGround {
  readonly store: SecretStore;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/** Parts that keep files, and what the status says of them. */
export interface FileParts {
  /** To be started before anything is published, and stopped after the last publishing. */
  readonly components: readonly Component[];
  warnings(): readonly string[];
}
