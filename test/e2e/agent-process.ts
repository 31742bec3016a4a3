import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatHostPort } from "@kasbah/runtime";
import { type FakeCa, freePort, type TemporaryDirectory } from "@kasbah/testkit";
import { repositoryRoot } from "./repository.ts";

export const agentBin = join(repositoryRoot, "packages/agent/bin/kasbah-agent.js");
export const agentSpiffeId = "spiffe://cluster.local/ns/demo/sa/lonely";

/** An agent in a process of its own with a fake CA; `stop` ends it. */
export interface AgentProcess {
  readonly process: ChildProcess;
  readonly statusAddress: string;
  readonly sdsSocket: string;
  readonly workloadSocket: string;
  log(): string;
  stop(): Promise<number | null>;
}

export async function startAgent(
  ca: Pick<FakeCa, "address" | "authority">,
  folder: TemporaryDirectory,
  flags: Readonly<Record<string, string>> = {},
): Promise<AgentProcess> {
  writeFileSync(folder.join("token"), "opaque-token");
  writeFileSync(folder.join("root.pem"), ca.authority.rootPem);
  const statusAddress = flags["--status-address"] ?? `127.0.0.1:${await freePort()}`;
  const [sdsSocket, workloadSocket] = [folder.join("sds"), folder.join("workload")];
  const all = {
    "--ca-address": formatHostPort(ca.address),
    "--ca-root": folder.join("root.pem"),
    "--token-file": folder.join("token"),
    "--namespace": "demo",
    "--service-account": "lonely",
    "--sds-socket": sdsSocket,
    "--workload-socket": workloadSocket,
    "--status-address": statusAddress,
    "--log-format": "json",
    ...flags,
  };
  const child = spawn(process.execPath, [agentBin, ...Object.entries(all).flat()], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    }
    return child.exitCode;
  };
  return { process: child, statusAddress, sdsSocket, workloadSocket, log: () => log, stop };
}
