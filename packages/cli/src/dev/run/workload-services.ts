import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HostPort } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { agentArguments } from "../../mesh/daemons/agent-arguments.ts";
import type { CaEndpoint } from "../../mesh/daemons/ca-endpoint.ts";
import { envoyArguments } from "../../mesh/daemons/envoy-arguments.ts";
import { standardOutput } from "../../mesh/envoy/access-log.ts";
import { EnvoyAdmin } from "../../mesh/envoy/admin.ts";
import { createBootstrap } from "../../mesh/envoy/bootstrap.ts";
import type { MeshDeps } from "../../mesh/local/mesh-deps.ts";
import { isStatusReady } from "../../mesh/processes/ready.ts";
import { Service } from "../../mesh/processes/service.ts";
import { readAgentPage } from "../agent-page.ts";
import { formatIdentity, workloadIdOf } from "../settings/identity.ts";
import { shortAgentLines } from "./agent-lines.ts";
import type { OutputLines } from "./output-lines.ts";
import type { RunPlan } from "./run-plan.ts";

/** The processes beside the program. */
export interface WorkloadServices {
  readonly agent: Service;
  readonly envoy: Service;
}

/** Where they find the CA and each other. */
export interface WorkloadSettings {
  readonly ca: CaEndpoint;
  readonly trustDomain: string;
  readonly tokenPath: string;
  readonly statusAddress: HostPort;
  readonly adminAddress: HostPort;
}

/** Writes Envoy's configuration without starting a process. */
export async function createWorkloadServices(
  plan: RunPlan,
  settings: WorkloadSettings,
  output: OutputLines,
  deps: MeshDeps,
): Promise<WorkloadServices> {
  const { statusAddress, adminAddress } = settings;
  const sdsSocket = join(deps.runDirectory, "sds.sock");
  const bootstrapPath = join(deps.runDirectory, "envoy.json");
  await writeFile(bootstrapPath, JSON.stringify(bootstrapOf(plan, settings, sdsSocket), undefined, 2));
  const admin = new EnvoyAdmin(adminAddress);
  const flags = plan.verbose
    ? ["--log-level", "info", "--log-format", "pretty"]
    : ["--log-level", "warn", "--log-format", "json"];
  const agent = {
    name: "the agent",
    file: deps.nodePath,
    args: agentArguments({ ...settings, sdsSocket, flags }),
    env: deps.childEnv,
    onOutput: plan.verbose ? output.takeFrom("agent") : shortAgentLines(output.takeFrom("agent")),
  };
  const envoy = {
    name: "Envoy",
    file: deps.envoyPath,
    args: [...envoyArguments(bootstrapPath, plan.verbose ? "info" : "warning"), "--log-format", "[%l] %v"],
    env: deps.childEnv,
    onOutput: output.takeFrom("envoy"),
  };
  return {
    agent: new Service(agent, () => isAgentReady(statusAddress), deps),
    envoy: new Service(envoy, () => admin.isReady(), deps),
  };
}

/** Trying again would not help until the policy changes. @throws CliError `NOT_READY` if the CA has refused the identity */
async function isAgentReady(statusAddress: HostPort): Promise<boolean> {
  if (await isStatusReady(statusAddress)) return true;
  const failure = (await readAgentPage(statusAddress))?.lastFailure;
  if (failure?.code === "CA_REFUSED") {
    throw new CliError("NOT_READY", failure.message ?? "the CA refused the identity");
  }
  return false;
}

function bootstrapOf(plan: RunPlan, { trustDomain, adminAddress }: WorkloadSettings, sdsSocket: string) {
  const { identity, protocol, listen, upstreams, verbose } = plan;
  // Every workload of the mesh may call; the header x-forwarded-client-cert tells the program which one does.
  const peers = [{ prefix: `spiffe://${trustDomain}/` }];
  return createBootstrap({
    nodeId: formatIdentity(identity),
    cluster: formatIdentity(identity),
    admin: adminAddress,
    sdsSocket,
    inbound: listen.map(({ address, appPort }) => ({
      address,
      app: { host: "localhost", port: appPort },
      peers,
      protocol,
    })),
    outbound: upstreams.map(({ address, peer, target }) => ({
      address,
      upstream: target,
      peer: workloadIdOf(trustDomain, peer),
      protocol,
    })),
    maxConnections: 10_000,
    ...(verbose ? { accessLogPath: standardOutput } : {}),
  });
}
