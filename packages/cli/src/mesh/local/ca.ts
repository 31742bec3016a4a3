import { join } from "node:path";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { serverProgram } from "../../shipped-files.ts";
import { isStatusReady } from "../processes/ready.ts";
import { Service } from "../processes/service.ts";
import { type CaEndpoint, caSpiffeId, type MeshDeps, tokenIssuerName, trustDomain } from "./mesh-deps.ts";

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
  const flags = {
    "--state-dir": stateDirectory,
    "--trust-domain": trustDomain,
    "--own-spiffe-id": caSpiffeId,
    "--grpc-address": formatHostPort(grpcAddress),
    "--http-address": formatHostPort(httpAddress),
    "--jwks": jwksPath,
    "--token-issuer": tokenIssuerName,
    "--log-format": "json",
  };
  const spec = {
    name: "ca",
    file: deps.nodePath,
    args: [serverProgram, ...Object.entries(flags).flat(), ...quickStages(plan.flags), ...plan.flags],
    env: deps.childEnv,
    logFile: join(deps.logDirectory, "ca.log"),
  };
  return {
    service: new Service(spec, () => isStatusReady(httpAddress), deps),
    grpcAddress,
    httpAddress,
    stateDirectory,
    spiffeId: caSpiffeId,
    rootPath: join(stateDirectory, "public", "root-cert.pem"),
  };
}

/** Certificates of seconds make stages of seconds, unless the flags say otherwise. */
function quickStages(flags: readonly string[]): readonly string[] {
  return flags.includes("--min-stage") ? [] : ["--min-stage", "0s"];
}
