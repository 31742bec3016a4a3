import { join } from "node:path";
import type { HostPort } from "@kasbah/runtime";
import { caArguments, rootPathIn } from "../daemons/ca-arguments.ts";
import type { CaEndpoint } from "../daemons/ca-endpoint.ts";
import { isStatusReady } from "../processes/ready.ts";
import { Service } from "../processes/service.ts";
import { caSpiffeId, type MeshDeps, tokenIssuerName, trustDomain } from "./mesh-deps.ts";

/** The process of a mesh's CA. */
export interface Ca extends CaEndpoint {
  readonly service: Service;
  readonly httpAddress: HostPort;
  readonly stateDirectory: string;
}

/** The settings of a CA process. */
export interface CaPlan {
  readonly jwksPath: string;
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  /** Additional flags of kasbah-server. */
  readonly flags: readonly string[];
}

export function createCa(deps: MeshDeps, plan: CaPlan): Ca {
  const { jwksPath, grpcAddress, httpAddress } = plan;
  const stateDirectory = join(deps.runDirectory, "ca");
  const flags = [...quickStages(plan.flags), ...plan.flags];
  const tokenIssuer = tokenIssuerName;
  const settings = { stateDirectory, trustDomain, jwksPath, tokenIssuer, grpcAddress, httpAddress, flags };
  const spec = {
    name: "ca",
    file: deps.nodePath,
    args: caArguments(settings),
    env: deps.childEnv,
    logFile: join(deps.logDirectory, "ca.log"),
  };
  return {
    service: new Service(spec, () => isStatusReady(httpAddress), deps),
    grpcAddress,
    httpAddress,
    stateDirectory,
    spiffeId: caSpiffeId,
    rootPath: rootPathIn(stateDirectory),
  };
}

/** Certificates of seconds make stages of seconds, unless the flags say otherwise. */
function quickStages(flags: readonly string[]): readonly string[] {
  return flags.includes("--min-stage") ? [] : ["--min-stage", "0s"];
}
