import { mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { findFreeAddresses } from "../../packages/cli/src/mesh/processes/free-ports.ts";
import { type Reaper, startReaper } from "../../packages/cli/src/mesh/processes/reaper.ts";
import type { Service } from "../../packages/cli/src/mesh/processes/service.ts";
import { AdminClient, type ApiReply, type WatchEvent } from "./admin-client.ts";
import { cache, provideControlPlane } from "./build-tools.ts";
import { type Credentials, writeCredentials } from "./credentials.ts";
import { type Addresses, programsOf } from "./programs.ts";
import { runTool } from "./run-tool.ts";

/**
 * A real etcd, kube-apiserver and kube-controller-manager. No node exists unless a test starts an ExecNode:
 * pods are created and stay pending.
 */
export interface ControlPlane {
  readonly url: URL;
  /** The root certificate of the API server's chain. */
  readonly caFile: string;
  /** The credentials with which the programs authenticate to each other. */
  readonly credentials: Credentials;
  /** Grants full rights. */
  readonly kubeconfig: string;
  /** The directory of the programs' logs; `stop()` deletes it unless `keepLogs` is true. */
  readonly logs: string;
  /** The running programs, followed by the process that stops them if this one dies. */
  readonly pids: readonly number[];
  /** The output of kubectl, run as admin by default. @throws Error with kubectl's message if it fails */
  kubectl(args: readonly string[], input?: { readonly stdin?: string }): Promise<string>;
  /** A request as admin; a body is sent as JSON, with PATCH as a merge patch. */
  adminRequest<Body = unknown>(method: string, path: string, body?: unknown): Promise<ApiReply<Body>>;
  /** The events of a path such as `/api/v1/pods?watch=true`, until the caller leaves the loop. */
  watch<Item>(path: string): AsyncIterable<WatchEvent<Item>>;
  /** Creates a namespace with a unique name, waits until pods can be created in it, and returns the name. */
  newNamespace(prefix: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  stop(options?: { readonly keepLogs: boolean }): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Controllers besides those of every control plane; without a kubelet, they would wait for pods forever. */
  readonly controllers?: readonly string[];
}

/**
 * Starts a control plane, which takes seconds and half a gigabyte of memory; the first run builds it. It
 * stops when this process exits.
 */
export async function startControlPlane({
  controllers = [],
}: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binary = await provideControlPlane();
  const directory = await temporaryDirectory();
  const logs = join(cache, "logs", basename(directory.path));
  const reaper = await startReaper(process.execPath);
  for (const folder of [directory.path, logs]) reaper.removeAtEnd(folder);
  for (const folder of [logs, directory.join("bin")]) await mkdir(folder, { recursive: true });
  for (const name of names) await symlink(binary, directory.join("bin", name));
  const addresses = await findAddresses();
  const url = new URL(`https://${addresses.api.host}:${addresses.api.port}`);
  const credentials = await writeCredentials(directory, url);
  const controlPlane = new Running({ directory, logs, reaper, addresses, url, credentials, controllers });
  await controlPlane.start();
  return controlPlane;
}

const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const;

async function findAddresses(): Promise<Addresses> {
  const [etcd, etcdPeer, api, controllers] = await findFreeAddresses(4);
  if (!(etcd && etcdPeer && api && controllers)) throw new TypeError("expected four addresses");
  return { etcd, etcdPeer, api, controllers };
}

interface RunningDeps {
  readonly directory: TemporaryDirectory;
  readonly logs: string;
  readonly reaper: Reaper;
  readonly addresses: Addresses;
  readonly url: URL;
  readonly credentials: Credentials;
  readonly controllers: readonly string[];
}

/** The API server waits for open watches to close; the tests do not wait for the API server. */
const stopGraceMs = 1_000;

class Running implements ControlPlane {
  readonly url: URL;
  readonly caFile: string;
  readonly credentials: Credentials;
  readonly kubeconfig: string;
  readonly logs: string;
  readonly #directory: TemporaryDirectory;
  readonly #reaper: Reaper;
  readonly #admin: AdminClient;
  readonly #programs: readonly Service[];
  readonly #env: NodeJS.ProcessEnv;

  constructor(deps: RunningDeps) {
    const { directory, logs, reaper, addresses, url, credentials, controllers } = deps;
    this.url = url;
    this.caFile = credentials.caFile;
    this.credentials = credentials;
    this.kubeconfig = credentials.adminKubeconfig;
    this.logs = logs;
    this.#directory = directory;
    this.#reaper = reaper;
    this.#admin = new AdminClient({ url, caPem: credentials.caPem, token: credentials.adminToken });
    // Nothing from the developer's environment: no proxy, no kubectl settings, no other cluster.
    this.#env = { PATH: process.env["PATH"], HOME: directory.path, KUBECONFIG: this.kubeconfig };
    this.#programs = programsOf({
      addresses,
      credentials,
      admin: this.#admin,
      reaper,
      moreControllers: controllers,
      dataDirectory: directory.join("etcd-data"),
      spec: (name, args) => ({
        name,
        file: directory.join("bin", name),
        args: Object.entries(args).map(([flag, value]) => `--${flag}=${value}`),
        env: this.#env,
        logFile: join(logs, `${name}.log`),
      }),
    });
  }

  get pids(): readonly number[] {
    const programs = this.#programs.flatMap(({ pid }) => pid ?? []);
    return [...programs, this.#reaper.pid];
  }

  async start(): Promise<void> {
    try {
      for (const program of this.#programs) {
        await program.start();
        await program.ready();
      }
    } catch (error) {
      await this.stop({ keepLogs: true });
      throw error;
    }
  }

  kubectl(args: readonly string[], { stdin = "" }: { readonly stdin?: string } = {}): Promise<string> {
    return runTool(this.#directory.join("bin", "kubectl"), args, { stdin, env: this.#env });
  }

  adminRequest<Body = unknown>(method: string, path: string, body?: unknown): Promise<ApiReply<Body>> {
    return this.#admin.request<Body>(method, path, body);
  }

  watch<Item>(path: string): AsyncIterable<WatchEvent<Item>> {
    return this.#admin.watch<Item>(path);
  }

  async newNamespace(prefix: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const metadata = { generateName: `${prefix}-`, labels };
    const namespaces = "/api/v1/namespaces";
    const created = await this.adminRequest<{ metadata: { name: string } }>("POST", namespaces, { metadata });
    if (created.status !== 201) throw new Error(`cannot create a namespace: ${JSON.stringify(created)}`);
    const { name } = created.body.metadata;
    // A controller creates the account, and until then the API server admits no pod.
    while (!(await this.#admin.isOk(`${namespaces}/${name}/serviceaccounts/default`))) await sleep(20);
    return name;
  }

  async stop({ keepLogs }: { readonly keepLogs: boolean } = { keepLogs: false }): Promise<void> {
    this.#admin.close();
    for (const program of this.#programs.toReversed()) await stopSoon(program);
    if (keepLogs) this.#reaper.keep(this.logs);
    await this.#reaper.close();
  }
}

async function stopSoon(program: Service): Promise<void> {
  const stopped = program.stop();
  const timer = setTimeout(() => void program.kill(), stopGraceMs);
  await stopped.finally(() => clearTimeout(timer));
}
