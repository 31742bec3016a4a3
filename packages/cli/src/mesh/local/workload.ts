import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatDuration, type HostPort } from "@kasbah/runtime";
import { agentArguments } from "../daemons/agent-arguments.ts";
import type { CaEndpoint } from "../daemons/ca-endpoint.ts";
import { envoyArguments } from "../daemons/envoy-arguments.ts";
import { EnvoyAdmin } from "../envoy/admin.ts";
import { createBootstrap, type EnvoyOptions } from "../envoy/bootstrap.ts";
import { isStatusReady } from "../processes/ready.ts";
import { Service } from "../processes/service.ts";
import { type MeshDeps, namespace, trustDomain } from "./mesh-deps.ts";

/** One workload of a mesh: an agent, and an Envoy with secrets from that agent. */
export interface Workload {
  readonly name: string;
  readonly spiffeId: string;
  readonly directory: string;
  readonly sdsSocket: string;
  readonly tokenPath: string;
  readonly accessLogPath: string;
  readonly statusAddress: HostPort;
  readonly adminAddress: HostPort;
  readonly agent: Service;
  readonly envoy: Service;
  readonly admin: EnvoyAdmin;
}

export interface WorkloadPlan {
  readonly name: string;
  readonly token: string;
  readonly ca: CaEndpoint;
  readonly statusAddress: HostPort;
  readonly adminAddress: HostPort;
  readonly secretTtlMs: number;
  readonly routes: Pick<EnvoyOptions, "inbound" | "outbound">;
}

export function spiffeIdOf(serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Writes a workload's files without starting a process. */
export async function createWorkload(deps: MeshDeps, plan: WorkloadPlan): Promise<Workload> {
  const { name, statusAddress, adminAddress } = plan;
  const directory = join(deps.runDirectory, name);
  const workload = {
    name,
    spiffeId: spiffeIdOf(name),
    directory,
    sdsSocket: join(directory, "sds.sock"),
    tokenPath: join(directory, "token"),
    accessLogPath: join(deps.logDirectory, `${name}-access.log`),
    statusAddress,
    adminAddress,
  };
  const bootstrapPath = join(directory, "envoy.json");
  await mkdir(directory, { mode: 0o700 });
  await writeFile(workload.tokenPath, plan.token, { mode: 0o600 });
  await writeFile(bootstrapPath, JSON.stringify(bootstrapOf(workload, plan), null, 2));
  const admin = new EnvoyAdmin(adminAddress);
  const agent = new Service(agentSpec(deps, workload, plan), () => isStatusReady(statusAddress), deps);
  const envoy = new Service(envoySpec(deps, name, bootstrapPath), () => admin.isReady(), deps);
  return { ...workload, agent, envoy, admin };
}

type Files = Pick<Workload, "name" | "sdsSocket" | "tokenPath" | "accessLogPath">;

function bootstrapOf(files: Files, { adminAddress, routes }: WorkloadPlan) {
  const { name, sdsSocket, accessLogPath } = files;
  return createBootstrap({
    nodeId: `${name}.${namespace}`,
    cluster: `${name}.${namespace}`,
    admin: adminAddress,
    sdsSocket,
    accessLogPath,
    ...routes,
  });
}

function agentSpec(deps: MeshDeps, { name, sdsSocket, tokenPath }: Files, plan: WorkloadPlan) {
  const { ca, statusAddress } = plan;
  const flags = ["--secret-ttl", formatDuration(plan.secretTtlMs), "--log-format", "json"];
  return {
    name: `${name}-agent`,
    file: deps.nodePath,
    args: agentArguments({ ca, trustDomain, tokenPath, sdsSocket, statusAddress, flags }),
    env: deps.childEnv,
    logFile: join(deps.logDirectory, `${name}-agent.log`),
  };
}

function envoySpec(deps: MeshDeps, name: string, bootstrapPath: string) {
  return {
    name: `${name}-envoy`,
    file: deps.envoyPath,
    args: envoyArguments(bootstrapPath),
    env: deps.childEnv,
    logFile: join(deps.logDirectory, `${name}-envoy.log`),
  };
}
