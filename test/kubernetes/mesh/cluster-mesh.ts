import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, startApp } from "@kasbah/cli/mesh";
import { type HostPort, systemClock } from "@kasbah/runtime";
import { namespace } from "../../../packages/cli/src/mesh/local/mesh-deps.ts";
import { createSandbox, type Sandbox } from "../../../packages/cli/src/mesh/local/sandbox.ts";
import { createWorkload, spiffeIdOf, type Workload } from "../../../packages/cli/src/mesh/local/workload.ts";
import { findFreeAddresses } from "../../../packages/cli/src/mesh/processes/free-ports.ts";
import type { RunningCa } from "../../harness/ca-process.ts";
import { testEnvoy } from "../../harness/envoy.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "../cluster-ca.ts";
import type { ControlPlane } from "../control-plane.ts";
import { createToken, modestPod } from "../workloads.ts";
import { ClusterService } from "./cluster-service.ts";
import { MountedRoot } from "./mounted-root.ts";

export interface ClusterMeshOptions {
  /** The lifetime of a workload's certificate. */
  readonly secretTtlMs: number;
  /** The flags of every replica. */
  readonly caFlags: readonly string[];
}

/**
 * A cluster's CA with three replicas behind one Service, and two pods with an agent and a real Envoy each.
 */
export interface ClusterMesh {
  readonly account: CaAccount;
  /** Keyed by pod name. */
  readonly replicas: ReadonlyMap<string, RunningCa>;
  readonly app: App;
  readonly frontend: Workload;
  readonly backend: Workload;
  /** Plain HTTP on loopback, through frontend's Envoy to backend. */
  readonly entry: HostPort;
  /** Starts a replica to replace one that has stopped. */
  addReplica(name: string): Promise<RunningCa>;
  stop(): Promise<void>;
}

/** Stops everything that was started, in reverse order. */
class Undo {
  readonly #steps: (() => Promise<unknown>)[] = [];

  push(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
}

export async function startClusterMesh(
  controlPlane: ControlPlane,
  options: ClusterMeshOptions,
): Promise<ClusterMesh> {
  const undo = new Undo();
  try {
    return await start(controlPlane, options, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function start(
  controlPlane: ControlPlane,
  { secretTtlMs, caFlags }: ClusterMeshOptions,
  undo: Undo,
): Promise<ClusterMesh> {
  const account = await createCaAccount(controlPlane);
  undo.push(() => account.remove());
  const service = await ClusterService.start();
  undo.push(() => service.stop());
  const replicas = new Map<string, RunningCa>();
  const addReplica = async (name: string) => {
    const replica = await startClusterCa(controlPlane, account, name, caFlags);
    undo.push(() => replica.stop());
    replicas.set(name, replica);
    service.endpoints = [...service.endpoints, replica.port];
    return replica;
  };
  await Promise.all(["kasbah-0", "kasbah-1", "kasbah-2"].map(addReplica));
  await createDemoNamespace(controlPlane);
  undo.push(() => controlPlane.adminRequest("DELETE", `/api/v1/namespaces/${namespace}`));
  const sandbox = await createSandbox(await sandboxOptions());
  undo.push(() => sandbox.close());
  const root = new MountedRoot(controlPlane, namespace, join(sandbox.deps.runDirectory, "root-cert.pem"));
  await root.start();
  undo.push(() => root.stop());
  const app = await startApp("backend");
  undo.push(() => app.close());
  const ca = { grpcAddress: service.address, rootPath: root.path };
  const pods = await createPods(controlPlane, sandbox, { ca, app, secretTtlMs });
  for (const layer of [
    [pods.frontend.agent, pods.backend.agent],
    [pods.frontend.envoy, pods.backend.envoy],
  ]) {
    await Promise.all(layer.map((each) => each.start()));
    undo.push(() => Promise.all(layer.map((each) => each.stop())));
    await Promise.all(layer.map((each) => each.ready()));
  }
  return { account, replicas, app, ...pods, addReplica, stop: () => undo.run() };
}

async function sandboxOptions() {
  const { execPath: nodePath, env } = process;
  return { clock: systemClock, nodePath, envoyPath: await testEnvoy(), env, temporaryDirectory: tmpdir() };
}

async function createDemoNamespace(controlPlane: ControlPlane): Promise<void> {
  const metadata = { name: namespace };
  await controlPlane.adminRequest("POST", "/api/v1/namespaces", { metadata });
  for (const name of ["frontend", "backend"]) {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const { status } = await controlPlane.adminRequest("POST", accounts, { metadata: { name } });
    if (status !== 201) throw new Error(`cannot create service account ${name}: ${status}`);
  }
}

interface PodPlan {
  readonly ca: { readonly grpcAddress: HostPort; readonly rootPath: string };
  readonly app: App;
  readonly secretTtlMs: number;
}

async function createPods(
  controlPlane: ControlPlane,
  { deps }: Sandbox,
  { ca, app, secretTtlMs }: PodPlan,
): Promise<Pick<ClusterMesh, "frontend" | "backend" | "entry">> {
  const [entry, door, ...rest] = (await findFreeAddresses(6)) as [HostPort, HostPort, ...HostPort[]];
  const [frontendStatus, frontendAdmin, backendStatus, backendAdmin] = rest as [
    HostPort,
    HostPort,
    HostPort,
    HostPort,
  ];
  const peer = spiffeIdOf("backend");
  const frontend = await createWorkload(deps, {
    ...{ name: "frontend", token: await tokenOfPod(controlPlane, "frontend"), ca, secretTtlMs },
    ...{ statusAddress: frontendStatus, adminAddress: frontendAdmin },
    routes: { outbound: { address: entry, upstream: door, peer, maxRequestsPerConnection: 1 } },
  });
  const backend = await createWorkload(deps, {
    ...{ name: "backend", token: await tokenOfPod(controlPlane, "backend"), ca, secretTtlMs },
    ...{ statusAddress: backendStatus, adminAddress: backendAdmin },
    routes: { inbound: { address: door, app: app.address, peers: [spiffeIdOf("frontend")] } },
  });
  return { frontend, backend, entry };
}

/**
 * A token for a pod of this name and its account of the same name, bound to the pod like a kubelet's tokens.
 */
async function tokenOfPod(controlPlane: ControlPlane, name: string): Promise<string> {
  const pod = { ...modestPod, metadata: { name }, spec: { ...modestPod.spec, serviceAccountName: name } };
  const { status } = await controlPlane.adminRequest("POST", `/api/v1/namespaces/${namespace}/pods`, pod);
  if (status !== 201) throw new Error(`cannot create pod ${name}: ${status}`);
  const bound = ["--bound-object-kind=Pod", `--bound-object-name=${name}`];
  return await createToken(controlPlane, namespace, name, "--audience=istio-ca", ...bound);
}
