import { join } from "node:path";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { serverProgram } from "../../shipped-files.ts";
import { caSpiffeIdOf } from "./ca-endpoint.ts";

/** The settings of a CA process on this machine. */
export interface CaSettings {
  readonly stateDirectory: string;
  readonly trustDomain: string;
  readonly jwksPath: string;
  readonly tokenIssuer: string;
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  /** Additional flags of kasbah-server. */
  readonly flags: readonly string[];
}

/** The arguments of Node that run the CA. */
export function caArguments(settings: CaSettings): readonly string[] {
  const flags = {
    "--state-dir": settings.stateDirectory,
    "--trust-domain": settings.trustDomain,
    "--own-spiffe-id": caSpiffeIdOf(settings.trustDomain),
    "--grpc-address": formatHostPort(settings.grpcAddress),
    "--http-address": formatHostPort(settings.httpAddress),
    "--jwks": settings.jwksPath,
    "--token-issuer": settings.tokenIssuer,
    "--log-format": "json",
  };
  return [serverProgram, ...Object.entries(flags).flat(), ...settings.flags];
}

/** Where the CA publishes the trust bundle. */
export function rootPathIn(stateDirectory: string): string {
  return join(stateDirectory, "public", "root-cert.pem");
}
