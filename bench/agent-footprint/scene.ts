import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import { secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { freePort } from "@kasbah/testkit";
import { floor, type Variant } from "./variants.ts";

/** The facts about the CA that an agent needs. */
export interface Beside {
  readonly port: number;
  readonly rootPath: string;
  readonly tokens: DevTokenIssuer;
}

/** A running process of a variant, with its socket at `socket`. */
export interface Running {
  readonly pid: number;
  readonly socket: string;
  /** When the process was started, on the monotonic clock. */
  readonly startedMs: number;
  /** Resolves when the socket exists. */
  listening(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a variant in its own folder. */
export async function startVariant(variant: Variant, folder: string, ca: Beside): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const socket = `${folder}/sds/socket`;
  if (variant === floor) mkdirSync(`${folder}/sds`);
  const flags = variant === floor ? [socket] : await agentFlags(folder, socket, ca);
  const startedMs = systemClock.monotonicMs();
  const child = spawn(process.execPath, [...variant.args, ...flags], {
    stdio: "ignore",
    env: { ...variant.env },
  });
  return {
    pid: child.pid ?? 0,
    socket,
    startedMs,
    async listening() {
      while (!existsSync(socket)) {
        if (child.exitCode !== null) throw new Error(`${variant.name} exited with ${child.exitCode}`);
        await systemClock.sleep(1);
      }
    },
    async stop() {
      if (child.exitCode === null && child.kill()) await once(child, "exit");
    },
  };
}

async function agentFlags(folder: string, socket: string, ca: Beside): Promise<readonly string[]> {
  const workload = { namespace: "demo", serviceAccount: "bench", now: systemClock.now() };
  writeFileSync(`${folder}/token`, await ca.tokens.mint(workload), { mode: 0o600 });
  const flags = {
    "--ca-address": `127.0.0.1:${ca.port}`,
    "--ca-root": ca.rootPath,
    "--token-file": `${folder}/token`,
    "--sds-socket": socket,
    "--status-address": `127.0.0.1:${await freePort()}`,
  };
  return Object.entries(flags).flat();
}

/** Connects, fetches one secret and disconnects. */
export async function takeSecret(unixPath: string): Promise<void> {
  const channel = new Http2Channel({ unixPath });
  try {
    const stream = channel.stream(streamSecrets);
    const rest = { versionInfo: "", responseNonce: "", nodeId: "bench", typeUrl: secretTypeUrl };
    stream.send({ ...rest, resourceNames: ["default"] });
    for await (const _ of stream.responses) return;
  } finally {
    channel.close();
  }
}
