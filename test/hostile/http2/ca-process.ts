import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createTokenIssuer, type TokenIssuer } from "@kasbah/certs-dev";
import { freePort, type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { TlsTarget } from "./raw-connection.ts";

const serverBin = fileURLToPath(new URL("../../../packages/ca-server/bin/kasbah-server.js", import.meta.url));
const issuer = "https://issuer.test";
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;

export interface CaOptions {
  /** Further flags of kasbah-server. */
  readonly flags?: readonly string[];
  /** `ulimit -n`. */
  readonly mostFiles?: number;
  /** Its log is a pipe from which nobody reads. */
  readonly logUnread?: boolean;
  /** A module that runs in it before its own, as a `data:` URL. */
  readonly failpoint?: string;
}

/** The real program as it is shipped, in a process of its own. */
export interface CaProcess extends TlsTarget, AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly tokens: TokenIssuer;
  readonly stateDir: string;
  /** What it has logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Resolves when it is ready to issue. Whoever starts it stops it. */
export async function startCa(options: CaOptions = {}): Promise<CaProcess> {
  const directory = await temporaryDirectory();
  const tokens = await createTokenIssuer({ issuer });
  await tokens.save(directory.join("issuer"));
  const [port, httpPort] = [await freePort(), await freePort()];
  const child = spawnCa(directory, [port, httpPort], options);
  const stop = () => end(child).finally(() => directory.remove());
  try {
    await untilSeen("readiness", readyWithinMs, () => isReady(child, httpPort, directory));
    const rootPem = await readFile(directory.join("state", "public", "root-cert.pem"), "utf8");
    if (child.pid === undefined) throw new Error("a process that is ready has a pid");
    const stateDir = directory.join("state");
    const log = () => readFile(directory.join("ca.log"), "utf8");
    return { port, rootPem, pid: child.pid, child, tokens, stateDir, log, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Ports = readonly [grpc: number, http: number];

function spawnCa(directory: TemporaryDirectory, [port, httpPort]: Ports, options: CaOptions): ChildProcess {
  const { flags = [], mostFiles, logUnread = false, failpoint } = options;
  const place = ["--grpc-address", `127.0.0.1:${port}`, "--http-address", `127.0.0.1:${httpPort}`];
  const state = ["--state-dir", directory.join("state"), "--log-format", "json"];
  const callers = ["--jwks", directory.join("issuer", "jwks.json"), "--token-issuer", issuer];
  const first = failpoint === undefined ? [] : ["--import", failpoint];
  const command = [process.execPath, ...first, serverBin, ...state, ...place, ...callers, ...flags];
  const limited = mostFiles === undefined ? [] : ["sh", "-c", `ulimit -n ${mostFiles} && exec "$@"`, "sh"];
  const [file = process.execPath, ...args] = [...limited, ...command];
  const log = openSync(directory.join("ca.log"), "a", 0o600);
  const output = logUnread ? "pipe" : log;
  const child = spawn(file, args, { stdio: ["ignore", output, output] });
  closeSync(log);
  return child;
}

async function isReady(
  child: ChildProcess,
  port: number,
  directory: TemporaryDirectory,
): Promise<true | undefined> {
  if (child.exitCode !== null) {
    const log = await readFile(directory.join("ca.log"), "utf8");
    throw new Error(`kasbah-server ended with exit code ${child.exitCode}:\n${log.slice(-600)}`);
  }
  const url = `http://127.0.0.1:${port}/healthz/ready`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok || undefined;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await ended;
  clearTimeout(timer);
  child.stdout?.destroy();
  child.stderr?.destroy();
}
