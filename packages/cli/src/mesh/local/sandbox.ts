import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@kasbah/runtime";
import { childEnvOf } from "../daemons/daemon-environment.ts";
import { startReaper } from "../processes/reaper.ts";
import type { MeshDeps } from "./mesh-deps.ts";

/** The options of a sandbox. */
export interface SandboxOptions {
  readonly clock: Clock;
  readonly nodePath: string;
  readonly envoyPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parent of the mesh's own directory, which has mode 0700. */
  readonly temporaryDirectory: string;
  readonly signal?: AbortSignal;
  /** The beginning of its name: `kasbah-demo-` by default. */
  readonly prefix?: string;
}

/** Directories and a reaper, which exist before the first key and the first process. */
export interface Sandbox {
  readonly deps: MeshDeps;
  keepLogs(): void;
  close(): Promise<void>;
}

export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, nodePath, envoyPath, env, temporaryDirectory, signal, prefix = "kasbah-demo-" } = options;
  const reaper = await startReaper(nodePath);
  const directory = await mkdtemp(join(temporaryDirectory, prefix));
  reaper.removeAtEnd(directory);
  const runDirectory = join(directory, "run");
  const logDirectory = join(directory, "logs");
  await mkdir(runDirectory, { mode: 0o700 });
  await mkdir(logDirectory, { mode: 0o700 });
  const deps = { clock, reaper, nodePath, envoyPath, runDirectory, logDirectory, childEnv: childEnvOf(env) };
  return {
    deps: signal ? { ...deps, signal } : deps,
    keepLogs: () => {
      reaper.keep(directory);
      reaper.removeAtEnd(runDirectory);
    },
    close: () => reaper.close(),
  };
}
