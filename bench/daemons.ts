import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { freePort } from "@kasbah/testkit";
import { AgentProcess } from "../test/harness/agent-process.ts";
import { CaProcess } from "../test/harness/ca-process.ts";
import { saveIssuer } from "../test/harness/token-issuer.ts";

/** A real daemon on loopback whose logs are discarded. */
export interface Daemon {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Agent extends Daemon {
  /** Resolves when the socket exists. Polls slowly, to leave the CPU core to the daemon. */
  listening(socket: string): Promise<void>;
}

export interface Ca extends Daemon {
  readonly port: number;
  readonly rootPath: string;
  readonly tokens: DevTokenIssuer;
}

export async function startCa(folder: string): Promise<Ca> {
  const { tokens, flags } = await saveIssuer(`${folder}/tokens`);
  const [port, httpPort] = [await freePort(), await freePort()];
  const quietAt = `127.0.0.1:${httpPort}`;
  // The benchmarks call as one pod, as fast as they can.
  const unlimited = ["--default-rate", "0"];
  const addresses = ["--grpc-address", `127.0.0.1:${port}`, "--http-address", quietAt];
  const ca = new CaProcess({
    stateDir: `${folder}/state`,
    flags: [...addresses, ...unlimited, ...flags],
    quietAt,
  });
  await ca.untilReady();
  const rootPath = `${folder}/state/public/root-cert.pem`;
  return { pid: ca.pid, stop: () => ca.stop(), port, rootPath, tokens };
}

export function startAgent(flags: Readonly<Record<string, string>>): Agent {
  const agent = new AgentProcess({ flags, quietAt: flags["--status-address"] ?? "" });
  const listening = async (socket: string) => {
    while (!existsSync(socket)) {
      if (agent.hasExited) throw new Error(`the agent exited with ${agent.child.exitCode}`);
      await systemClock.sleep(5);
    }
  };
  return { pid: agent.pid, stop: () => agent.stop(), listening };
}

/** Idle Node: the minimum memory of any daemon that runs on it. */
export function startBareNode(): Daemon {
  const script = "setInterval(() => {}, 60_000)";
  return daemonOf(spawn(process.execPath, ["--eval", script], { stdio: "ignore", env: {} }));
}

function daemonOf(child: ChildProcess): Daemon {
  const stop = async () => {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  };
  return { pid: child.pid ?? 0, stop };
}
