import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { isStatusReady } from "../processes/ready.ts";
import { Service } from "../processes/service.ts";
import { type CaEndpoint, type MeshDeps, tokenIssuerName, trustDomain } from "./mesh-deps.ts";

// The daemons are run, never imported; these packages stand side by side in the repository, from src and from dist.
const serverBin = fileURLToPath(new URL("../../../../ca-server/bin/kasbah-server.js", import.meta.url));

/** The CA of a mesh as a process. */
export interface Ca extends CaEndpoint {
  readonly service: Service;
  readonly httpAddress: HostPort;
  readonly stateDirectory: string;
}

/** What a CA is made from. */
export interface CaPlan {
  readonly jwksPath: string;
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  /** Further flags of kasbah-server. */
  readonly flags: readonly string[];
}

export function createCa(deps: MeshDeps, plan: CaPlan): Ca {
  const { jwksPath, grpcAddress, httpAddress } = plan;
  const stateDirectory = join(deps.runDirectory, "ca");
  const flags = {
    "--state-dir": stateDirectory,
    "--trust-domain": trustDomain,
    "--grpc-address": formatHostPort(grpcAddress),
    "--http-address": formatHostPort(httpAddress),
    "--jwks": jwksPath,
    "--token-issuer": tokenIssuerName,
    "--log-format": "json",
  };
  const spec = {
    name: "ca",
    file: deps.nodePath,
    args: [serverBin, ...Object.entries(flags).flat(), ...plan.flags],
    env: deps.childEnv,
    logFile: join(deps.logDirectory, "ca.log"),
  };
  return {
    service: new Service(spec, () => isStatusReady(httpAddress), deps),
    grpcAddress,
    httpAddress,
    stateDirectory,
    rootPath: join(stateDirectory, "public", "root-cert.pem"),
  };
}
