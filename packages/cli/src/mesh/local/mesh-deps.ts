import type { HostPort } from "@kasbah/runtime";
import type { ServiceDeps } from "../processes/service.ts";

/** Where a mesh lives: its folders, the programs it runs, and what it tells them of the machine. */
export interface MeshDeps extends ServiceDeps {
  /** Keys, tokens and sockets; 0700, gone at the end. */
  readonly runDirectory: string;
  readonly logDirectory: string;
  readonly nodePath: string;
  readonly envoyPath: string;
  /** What children see of the environment: enough to run, nothing that would configure them. */
  readonly childEnv: Readonly<Record<string, string>>;
}

export const trustDomain = "cluster.local";
export const namespace = "demo";
export const tokenIssuerName = "https://kubernetes.default.svc.cluster.local";

/** The few variables that programs need to run at all; `CA_ADDR` and its like must not leak into a demo. */
export function childEnvOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"];
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** What one side of a mesh needs to know of the CA. */
export interface CaEndpoint {
  readonly grpcAddress: HostPort;
  readonly rootPath: string;
}
