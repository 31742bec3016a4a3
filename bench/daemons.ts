import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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
  while (!(await isReady(httpPort))) await systemClock.sleep(20);
  return { ...daemonOf(child), port, rootPath: `${folder}/state/public/root-cert.pem`, tokens };
}

export function startAgent(flags: Readonly<Record<string, string>>): Daemon {
  return daemonOf(start("agent/bin/kasbah-agent.js", flags));
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
