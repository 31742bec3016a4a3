import { join } from "node:path";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import type { HostPort } from "@kasbah/runtime";
import { findFreeAddresses } from "../processes/free-ports.ts";
import { type App, startApp } from "./app.ts";
import { type Ca, createCa } from "./ca.ts";
import { type MeshDeps, namespace, tokenIssuerName } from "./mesh-deps.ts";
import { createSandbox, type SandboxOptions } from "./sandbox.ts";
import { createWorkload, spiffeIdOf, type Workload } from "./workload.ts";

/** The options of a mesh; defaults are those of the demo. */
export interface MeshOptions extends SandboxOptions {
  /** 20 s by default: short, so that rotations can be observed. */
  readonly secretTtlMs?: number;
  /**
   * Requests per connection of frontend's Envoy; 1 by default, which means a full mTLS handshake for each.
   */
  readonly maxRequestsPerConnection?: number;
  /** Additional flags of kasbah-server. */
  readonly caFlags?: readonly string[];
  /** Called when a part becomes ready. */
  readonly onReady?: (part: string) => void;
}

/** A CA, a token issuer, and the workloads frontend and backend, each with an agent and a real Envoy. */
export interface Mesh {
  readonly tokens: DevTokenIssuer;
  readonly ca: Ca;
  readonly frontend: Workload;
  readonly backend: Workload;
  readonly app: App;
  /** Plain HTTP on loopback: enters frontend's Envoy, which forwards it to backend. */
  readonly entry: HostPort;
  /** The mTLS port of backend's Envoy. */
  readonly backendDoor: HostPort;
  readonly runDirectory: string;
  readonly logDirectory: string;
  /** Keeps the logs, and only them, after the mesh has stopped. */
  keepLogs(): void;
  /** Stops every process and removes every file. */
  stop(): Promise<void>;
}

const tokenLifetimeMs = 7 * 24 * 3_600_000;

/**
 * Starts a mesh and returns when every part is ready. No process or file outlives this process, however it
 * ends.
 *
 * @throws CliError `PROCESS_FAILED` or `NOT_READY`; all parts are stopped and the logs are kept
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const sandbox = await createSandbox(options);
  const app = await startApp("backend");
  const close = async () => {
    await app.close();
    await sandbox.close();
  };
  try {
    const parts = { ...(await plan(sandbox.deps, options, app)), app };
    await startParts(parts, options.onReady ?? (() => {}));
    const { runDirectory, logDirectory } = sandbox.deps;
    const stop = () => stopParts(parts).finally(close);
    return { ...parts, runDirectory, logDirectory, keepLogs: sandbox.keepLogs, stop };
  } catch (error) {
    if (!options.signal?.aborted) sandbox.keepLogs();
    await close();
    throw error;
  }
}

type MeshMembers = Pick<Mesh, "tokens" | "ca" | "frontend" | "backend" | "app" | "entry" | "backendDoor">;

async function plan(deps: MeshDeps, options: MeshOptions, app: App): Promise<Omit<MeshMembers, "app">> {
  const tokens = await createTokenIssuer({ issuer: tokenIssuerName });
  const tokenDirectory = join(deps.runDirectory, "tokens");
  await tokens.save(tokenDirectory);
  const [grpc, http, entry, door, ...rest] = await findFreeAddresses(8);
  const [frontendStatus, frontendAdmin, backendStatus, backendAdmin] = rest;
  if (!grpc || !http || !entry || !door) throw new RangeError("too few addresses");
  if (!frontendStatus || !frontendAdmin || !backendStatus || !backendAdmin)
    throw new RangeError("too few addresses");
  const { secretTtlMs = 20_000, maxRequestsPerConnection = 1, caFlags: flags = [] } = options;
  const jwksPath = join(tokenDirectory, "jwks.json");
  const ca = createCa(deps, { jwksPath, grpcAddress: grpc, httpAddress: http, flags });
  const workload = async (name: string, statusAddress: HostPort, adminAddress: HostPort, routes: Routes) => {
    const token = await mint(tokens, name, deps);
    return createWorkload(deps, { name, token, ca, statusAddress, adminAddress, secretTtlMs, routes });
  };
  const frontend = await workload("frontend", frontendStatus, frontendAdmin, {
    outbound: { address: entry, upstream: door, peer: spiffeIdOf("backend"), maxRequestsPerConnection },
  });
  const backend = await workload("backend", backendStatus, backendAdmin, {
    inbound: { address: door, app: app.address, peers: [spiffeIdOf("frontend")] },
  });
  return { tokens, ca, frontend, backend, entry, backendDoor: door };
}

type Routes = Parameters<typeof createWorkload>[1]["routes"];

function mint(tokens: DevTokenIssuer, serviceAccount: string, { clock }: MeshDeps): Promise<string> {
  return tokens.mint({ namespace, serviceAccount, lifetimeMs: tokenLifetimeMs, now: clock.now() });
}

/** The CA first, then the agents, then the Envoys, so that none of them has to back off. */
async function startParts(
  { ca, frontend, backend }: MeshMembers,
  onReady: (part: string) => void,
): Promise<void> {
  for (const layer of [[ca.service], [frontend.agent, backend.agent], [frontend.envoy, backend.envoy]]) {
    await Promise.all(layer.map((service) => service.start()));
    await Promise.all(layer.map((service) => service.ready().then(() => onReady(service.name))));
  }
}

async function stopParts({ ca, frontend, backend }: MeshMembers): Promise<void> {
  for (const layer of [[frontend.envoy, backend.envoy], [frontend.agent, backend.agent], [ca.service]]) {
    await Promise.all(layer.map((service) => service.stop()));
  }
}
