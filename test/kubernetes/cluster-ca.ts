import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { freePort, type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { ControlPlane } from "./control-plane.ts";
import { createToken } from "./workloads.ts";

const serverBin = fileURLToPath(new URL("../../packages/ca-server/bin/kasbah-server.js", import.meta.url));
const readyWithinMs = 40_000;
const stopWithinMs = 15_000;

/** Everything that the CA may do in a cluster, as its own service account. */
export interface CaAccount {
  readonly namespace: string;
  readonly tokenFile: string;
  remove(): Promise<void>;
}

/** One replica, the real program in a process of its own. */
export interface ClusterCa {
  readonly port: number;
  readonly httpPort: number;
  readonly rootPem: string;
  readonly stateDir: string;
  readonly child: ChildProcess;
  log(): Promise<string>;
  ready(): Promise<{
    readonly ready: boolean;
    readonly reasons: readonly string[];
    readonly warnings?: readonly string[];
  }>;
  stop(): Promise<void>;
}

const rules = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "create", "update"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
];
const ownRules = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch", "create", "update"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
];

/** A namespace for the CA, with its service account and what that may do. */
export async function createCaAccount(controlPlane: ControlPlane): Promise<CaAccount> {
  const namespace = await controlPlane.newNamespace("kasbah-system");
  const directory = await temporaryDirectory();
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name: "kasbah", namespace }];
  const bind = (kind: string, name: string, roleKind: string) => ({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata: kind === "RoleBinding" ? { name, namespace } : { name },
    roleRef: { apiGroup: rbac, kind: roleKind, name },
    subjects,
  });
  const objects = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "kasbah", namespace } },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: namespace }, rules },
    bind("ClusterRoleBinding", namespace, "ClusterRole"),
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: namespace, namespace }, rules: ownRules },
    bind("RoleBinding", namespace, "Role"),
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await controlPlane.kubectl(["apply", "--filename=-"], { stdin: list });
  const tokenFile = directory.join("token");
  await writeFile(tokenFile, await createToken(controlPlane, namespace, "kasbah", "--duration=1h"));
  return { namespace, tokenFile, remove: () => directory.remove() };
}

/** Resolves when the replica is ready. Whoever starts it stops it. */
export async function startClusterCa(
  controlPlane: ControlPlane,
  account: CaAccount,
  name: string,
  flags: readonly string[] = [],
): Promise<ClusterCa> {
  const directory = await temporaryDirectory();
  const [port, httpPort] = [await freePort(), await freePort()];
  const child = spawnReplica(directory, [
    ...["--state-dir", directory.join("state"), "--log-format", "json", "--no-client-certificates"],
    ...["--grpc-address", `127.0.0.1:${port}`, "--http-address", `127.0.0.1:${httpPort}`],
    ...["--kubernetes-api", controlPlane.url.href, "--allow-address", "127.0.0.1"],
    ...["--kubernetes-ca-file", controlPlane.caFile, "--kubernetes-token-file", account.tokenFile],
    ...["--namespace", account.namespace, "--pod-name", name],
    ...flags,
  ]);
  const log = () => readFile(directory.join("ca.log"), "utf8");
  const stop = () => end(child).finally(() => directory.remove());
  const ready = () => readiness(httpPort);
  try {
    await untilSeen("readiness", readyWithinMs, async () => {
      if (child.exitCode !== null) throw new Error(`the replica ended: ${(await log()).slice(-800)}`);
      return (await ready().catch(() => undefined))?.ready || undefined;
    });
    const stateDir = directory.join("state");
    const rootPem = await readFile(directory.join("state", "public", "root-cert.pem"), "utf8");
    return { port, httpPort, rootPem, stateDir, child, log, ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnReplica(directory: TemporaryDirectory, flags: readonly string[]): ChildProcess {
  const log = openSync(directory.join("ca.log"), "a", 0o600);
  const child = spawn(process.execPath, [serverBin, ...flags], { stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

async function readiness(port: number): ReturnType<ClusterCa["ready"]> {
  const url = `http://127.0.0.1:${port}/healthz/ready`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return (await answer.json()) as Awaited<ReturnType<ClusterCa["ready"]>>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
