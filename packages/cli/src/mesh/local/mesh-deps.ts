import type { HostPort } from "@kasbah/runtime";
import type { ServiceDeps } from "../processes/service.ts";

/** The directories, programs and environment of a mesh. */
export interface MeshDeps extends ServiceDeps {
  /** Keys, tokens and sockets; mode 0700, removed at the end. */
  readonly runDirectory: string;
  readonly logDirectory: string;
  readonly nodePath: string;
  readonly envoyPath: string;
  /** The environment of the children: enough to run, but no configuration. */
  readonly childEnv: Readonly<Record<string, string>>;
}

export const trustDomain = "cluster.local";
export const namespace = "demo";
/** The SPIFFE ID of the mesh's CA. */
export const caSpiffeId = `spiffe://${trustDomain}/ns/kasbah-system/sa/kasbah`;
export const tokenIssuerName = "https://kubernetes.default.svc.cluster.local";

/** The few variables that programs need to run; `CA_ADDR` and similar variables must not affect a demo. */
export function childEnvOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"];
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** What clients of the CA need to connect to it. */
export interface CaEndpoint {
  readonly grpcAddress: HostPort;
  readonly rootPath: string;
  /** The SPIFFE ID that agents require of it; none if undefined. */
  readonly spiffeId?: string;
}
