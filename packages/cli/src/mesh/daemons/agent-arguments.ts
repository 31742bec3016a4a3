import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { agentProgram } from "../../shipped-files.ts";
import { type CaEndpoint, caFlags } from "./ca-endpoint.ts";

/** The settings of an agent that serves one Envoy. */
export interface AgentSettings {
  readonly ca: CaEndpoint;
  readonly trustDomain: string;
  readonly tokenPath: string;
  readonly sdsSocket: string;
  readonly statusAddress: HostPort;
  /** Additional flags of kasbah-agent. */
  readonly flags: readonly string[];
}

/** The arguments of Node that run an agent. */
export function agentArguments(settings: AgentSettings): readonly string[] {
  const flags = {
    "--token-file": settings.tokenPath,
    "--sds-socket": settings.sdsSocket,
    "--trust-domain": settings.trustDomain,
    "--status-address": formatHostPort(settings.statusAddress),
  };
  return [agentProgram, ...caFlags(settings.ca), ...Object.entries(flags).flat(), ...settings.flags];
}
