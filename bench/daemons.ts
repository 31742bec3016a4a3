import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createTokenIssuer, type TokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { freePort } from "@kasbah/testkit";

const issuer = "https://bench.invalid";
const bin = (path: string) => fileURLToPath(new URL(`../packages/${path}`, import.meta.url));

/** A real daemon on loopback, with its logs thrown away. */
export interface Daemon {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Agent extends Daemon {
  /** Resolves when the socket is there, looking so seldom that the daemon keeps its core. */
  listening(socket: string): Promise<void>;
}

export interface Ca extends Daemon {
  readonly port: number;
  readonly rootPath: string;
  readonly tokens: TokenIssuer;
}

export async function startCa(folder: string): Promise<Ca> {
  const tokens = await createTokenIssuer({ issuer });
  await tokens.save(`${folder}/tokens`);
  const [port, httpPort] = [await freePort(), await freePort()];
  const child = start("ca-server/bin/kasbah-server.js", {
    "--state-dir": `${folder}/state`,
    "--grpc-address": `127.0.0.1:${port}`,
    "--http-address": `127.0.0.1:${httpPort}`,
    "--jwks": `${folder}/tokens/jwks.json`,
    "--token-issuer": issuer,
  });
  while (!(await isReady(httpPort))) {
    if (child.exitCode !== null) throw new Error(`the CA exited with ${child.exitCode}`);
    await systemClock.sleep(20);
  }
  return { ...daemonOf(child), port, rootPath: `${folder}/state/public/root-cert.pem`, tokens };
}

export function startAgent(flags: Readonly<Record<string, string>>): Agent {
  const child = start("agent/bin/kasbah-agent.js", flags);
  const listening = async (socket: string) => {
    while (!existsSync(socket)) {
      if (child.exitCode !== null) throw new Error(`the agent exited with ${child.exitCode}`);
      await systemClock.sleep(5);
    }
  };
  return { ...daemonOf(child), listening };
}

/** Node with nothing to do: what any daemon on it weighs at least. */
export function startBareNode(): Daemon {
  const script = "setInterval(() => {}, 60_000)";
  return daemonOf(spawn(process.execPath, ["--eval", script], { stdio: "ignore", env: {} }));
}

function start(path: string, flags: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [bin(path), ...Object.entries(flags).flat()], { stdio: "ignore", env: {} });
}

function daemonOf(child: ChildProcess): Daemon {
  const stop = async () => {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  };
  return { pid: child.pid ?? 0, stop };
}

async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}
