import type { WorkloadName } from "@kasbah/pki";
import type { Listen } from "../settings/listen.ts";
import type { Upstream } from "../settings/upstream.ts";
import { usageError } from "../settings/usage-error.ts";

/** What `kasbah dev run` was asked to run. */
export interface RunPlan {
  readonly identity: WorkloadName;
  readonly listen: readonly Listen[];
  readonly upstreams: readonly Upstream[];
  readonly protocol: "http" | "tcp";
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Shows everything that the agent and Envoy log, and each request. */
  readonly verbose: boolean;
}

/** @throws CliError `USAGE_INVALID` if a plan uses a port twice, or leaves Envoy nothing to do */
export function refuseContradictions({ listen, upstreams }: RunPlan): void {
  if (listen.length === 0 && upstreams.length === 0) {
    throw usageError(
      "nothing to connect: add --listen PORT:PROGRAM-PORT for callers, or --upstream PORT=NAMESPACE/ACCOUNT@HOST:PORT",
    );
  }
  const own = [...listen, ...upstreams].map(({ address }) => address.port);
  const used = [...own, ...new Set(listen.map(({ appPort }) => appPort))];
  const twice = used.find((port, i) => used.indexOf(port) !== i);
  if (twice === undefined) return;
  throw usageError(`port ${twice} is used twice: give each --listen and --upstream its own port`);
}
