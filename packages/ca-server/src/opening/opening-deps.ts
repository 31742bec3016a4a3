import type { Logger } from "@kasbah/runtime";
import type { AuthorityOptions } from "../authorities/authority-options.ts";
import type { CaClock } from "../clock/create-clock.ts";
import type { ServerConfig } from "../config/config.ts";
import type { Kubernetes } from "../kubernetes/create-kubernetes.ts";
import type { StateDirectory } from "../store/state-directory.ts";

/** What the parts need that open one after another. */
export interface OpeningDeps {
  readonly config: ServerConfig;
  readonly state: StateDirectory;
  readonly time: CaClock;
  readonly options: AuthorityOptions;
  readonly kubernetes: Kubernetes | undefined;
  readonly logger: Logger;
}
