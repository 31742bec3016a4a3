import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { freePort, type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { repositoryRoot } from "../../e2e/repository.ts";

const agentBin = join(repositoryRoot, "packages/agent/bin/kasbah-agent.js");
const startTimeoutMs = 60_000;

/** A real agent beside a CA that a test scripts. */
export interface AgentProcess {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly tokenPath: string;
  readonly rootPath: string;
  log(): Promise<string>;
  /** One value of `/metrics`; 0 when it has no such line. */
  metric(series: string): Promise<number>;
  readiness(): Promise<{ readonly ready: boolean; readonly body: string }>;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly caAddresses: readonly HostPort[];
  readonly rootPem: string;
  readonly token?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one as demo/frontend, and resolves when its status port answers. */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const directory = await temporaryDirectory();
  const port = await freePort();
  const agent = await spawnIn(directory, port, options);
  await untilSeen("status port", startTimeoutMs, () => agent.readiness().catch(() => undefined));
  return agent;
}

async function spawnIn(
  directory: TemporaryDirectory,
  port: number,
  options: AgentOptions,
): Promise<AgentProcess> {
  const path = (name: string) => directory.join(name);
  await writeFile(path("token"), options.token ?? "opaque");
  await writeFile(path("root.pem"), options.rootPem);
  const flags = {
    "--ca-root": path("root.pem"),
    "--token-file": path("token"),
    "--sds-socket": path("uds/socket"),
    "--status-address": `127.0.0.1:${port}`,
    "--namespace": "demo",
    "--service-account": "frontend",
    "--log-format": "json",
  };
  const addresses = options.caAddresses.flatMap((address) => ["--ca-address", formatHostPort(address)]);
  const argv = [agentBin, ...addresses, ...Object.entries(flags).flat(), ...(options.flags ?? [])];
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += String(chunk)));
  const get = (page: string) => fetch(`http://127.0.0.1:${port}${page}`);
  return {
    child,
    socket: path("uds/socket"),
    tokenPath: path("token"),
    rootPath: path("root.pem"),
    log: async () => log,
    async metric(series) {
      const text = await (await get("/metrics")).text();
      const line = text.split("\n").find((each) => each.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    async readiness() {
      const response = await get("/healthz/ready");
      return { ready: response.status === 200, body: await response.text() };
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
        await once(child, "exit");
      await directory.remove();
    },
  };
}
