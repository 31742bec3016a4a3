import { caSpiffeIdOf } from "../daemons/ca-endpoint.ts";
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
export const caSpiffeId = caSpiffeIdOf(trustDomain);
export const tokenIssuerName = "https://kubernetes.default.svc.cluster.local";
