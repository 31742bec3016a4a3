import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually, freePort, temporaryDirectory } from "@kasbah/testkit";
import { provideExecNode } from "./build-tools.ts";
import type { ControlPlane } from "./control-plane.ts";

/**
 * A node that starts no containers: its pods exist only for `kubectl exec`, which starts processes on this
 * machine.
 */
export interface ExecNode {
  /** Adds a running, ready pod; commands in it get exactly this environment. */
  addPod(pod: NodePod): Promise<void>;
  /** Lets `kubectl exec`, `logs` and `port-forward` reach a container of a pod that exists. */
  addContainer(container: NodeContainer): Promise<void>;
  stop(): Promise<void>;
}

export interface NodePod {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** The address in its status; none by default. */
  readonly podIP?: string;
}

export interface NodeContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly env: Readonly<Record<string, string>>;
  /** The file that its log is written to. */
  readonly log: string;
  /** Where its ports listen. */
  readonly address: string;
}

export async function startExecNode(controlPlane: ControlPlane, name: string): Promise<ExecNode> {
  const binary = await provideExecNode();
  const directory = await temporaryDirectory();
  const port = await freePort();
  const child = spawnNode(binary, directory.join("log"), {
    listen: `127.0.0.1:${port}`,
    certificate: controlPlane.credentials.servingCertificate,
    key: controlPlane.credentials.servingKey,
    callers: controlPlane.caFile,
    containers: directory.join("containers"),
  });
  await eventually(() => isListening(port), 20_000);
  await createNode(controlPlane, name, port);
  return {
    async addPod({ namespace, name: pod, container, labels, env, podIP }) {
      await writeEnvironment(directory.join("containers", namespace, pod), container, env);
      await createPod(controlPlane, { namespace, pod, container, labels, podIP, nodeName: name });
    },
    async addContainer({ namespace, pod, container, env, log, address }) {
      const place = directory.join("containers", namespace, pod);
      await writeEnvironment(place, container, env);
      await rm(join(place, `${container}.log`), { force: true });
      await symlink(log, join(place, `${container}.log`));
      await writeFile(join(place, "address"), address);
    },
    async stop() {
      await controlPlane.adminRequest("DELETE", `/api/v1/nodes/${name}`);
      if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
      await directory.remove();
    },
  };
}

async function writeEnvironment(place: string, container: string, env: NodePod["env"]): Promise<void> {
  await mkdir(place, { recursive: true });
  const lines = Object.entries(env).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(place, container), lines);
}

function spawnNode(binary: string, logFile: string, flags: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(logFile, "a", 0o600);
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child = spawn(binary, args, { stdio: ["ignore", log, log], env: {} });
  closeSync(log);
  return child;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function createNode(controlPlane: ControlPlane, name: string, port: number): Promise<void> {
  const nodes = "/api/v1/nodes";
  await demand(controlPlane.adminRequest("POST", nodes, { metadata: { name } }));
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  await demand(controlPlane.adminRequest("PATCH", `${nodes}/${name}/status`, { status }));
}

interface CreatedPod extends Omit<NodePod, "name" | "env" | "podIP"> {
  readonly pod: string;
  readonly podIP: string | undefined;
  readonly nodeName: string;
}

async function createPod(controlPlane: ControlPlane, order: CreatedPod): Promise<void> {
  const { namespace, pod, container, labels, nodeName, podIP } = order;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const spec = { nodeName, containers: [{ name: container, image: "none" }] };
  await demand(controlPlane.adminRequest("POST", pods, { metadata: { name: pod, labels }, spec }));
  const running = { running: { startedAt: "2026-01-01T00:00:00Z" } };
  const own = { name: container, ready: true, restartCount: 0, image: "none", imageID: "", state: running };
  const status = { phase: "Running", containerStatuses: [own], podIP };
  await demand(controlPlane.adminRequest("PATCH", `${pods}/${pod}/status`, { status }));
}

async function demand(answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200 && status !== 201) throw new Error(`${status}: ${JSON.stringify(body)}`);
}
