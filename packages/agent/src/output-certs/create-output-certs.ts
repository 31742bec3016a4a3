import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import { pid } from "node:process";
import { type Component, ConfigInvalidError, watchDirectory } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { inputDirectories } from "../config/places.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import type { Consumer, ConsumerState } from "./consumers/consumer.ts";
import { registerConsumers, staleWarnings } from "./consumers/consumer-health.ts";
import { createConsumers } from "./consumers/create-consumers.ts";
import { reapOrphans } from "./consumers/reap-orphans.ts";
import { createFileMetrics } from "./file-metrics.ts";
import { OutputCerts } from "./output-certs.ts";
import { DirectoryOwner } from "./owner/directory-owner.ts";
import { createRender } from "./shapes/create-render.ts";

/** The components that write the files, and their warnings for the readiness page. */
export interface OutputFiles {
  /** Must start before the first secret is published and stop after the last one. */
  readonly components: readonly Component[];
  warnings(): readonly string[];
  /** Resolves once the files show the served secret, or with the reason why they cannot. */
  settled(signal: AbortSignal): Promise<string | undefined>;
  /** How far each application has followed the files. */
  consumers(): readonly (ConsumerState & { readonly kind: string })[];
}

/** Creates the writer of `--output-certs` and the runner of `--on-rotate`. */
export async function createOutputCerts(directory: string, deps: AgentDeps): Promise<OutputFiles> {
  const { config, registry, clock } = deps;
  await refuseInputDirectory(directory, config);
  const { writes, repairs, runs } = createFileMetrics(registry);
  const consumers = await createConsumers(directory, runs, deps);
  if (config.onRotate !== undefined) reapOrphans();
  registerConsumers(registry, consumers);
  const output = new OutputCerts({
    ...deps,
    directory,
    keyMode: config.outputCertsMode,
    isRepairing: config.repairOutputCerts,
    render: await createRender(config),
    onWritten: (secret) => notifyAll(consumers, secret),
    owner: new DirectoryOwner({ ...deps, directory, describe: () => describe(deps) }),
    writes,
    repairs,
    watchDirectory,
  });
  return {
    components: [...consumers, output],
    warnings: () => [...[output.problem ?? []].flat(), ...staleWarnings(consumers, clock)],
    settled: (signal) => output.settled(signal),
    consumers: () => consumers.map(({ kind, state }) => ({ kind, ...state })),
  };
}

/** For the operator who starts a second agent in the directory. */
function describe({ store }: AgentDeps): string {
  const name = store.current?.spiffeId.toString() ?? "no certificate yet";
  return `${name}, process ${pid} on ${hostname()}`;
}

function notifyAll(consumers: readonly Consumer[], { spiffeId, leaf, notAfter }: WorkloadSecret): void {
  const change = { spiffeId: spiffeId.toString(), serial: leaf.serial, notAfter };
  for (const consumer of consumers) consumer.notify(change);
}

/** Repeats the check of the configuration for directories that are the same through a link. */
export async function refuseInputDirectory(directory: string, config: AgentDeps["config"]): Promise<void> {
  const [written, ...read] = await Promise.all(
    [directory, ...inputDirectories(config)].map((path) => realpath(path).catch(() => undefined)),
  );
  if (written === undefined || !read.includes(written)) return;
  throw new ConfigInvalidError(["--output-certs: the agent also reads from this directory; choose another"]);
}
