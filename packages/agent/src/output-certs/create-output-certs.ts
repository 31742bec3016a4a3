import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { type Component, ConfigInvalidError, publicEnvironment } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { options } from "../config/options.ts";
import { inputDirectories } from "../config/places.ts";
import { createFileMetrics } from "./file-metrics.ts";
import { OnRotateCommand } from "./on-rotate-command.ts";
import { OutputCerts } from "./output-certs.ts";
import { shell } from "./run-shell.ts";
import { createRender } from "./shapes/create-render.ts";

/** The components that write the files, and their warnings for the readiness page. */
export interface OutputFiles {
  /** Must start before the first secret is published and stop after the last one. */
  readonly components: readonly Component[];
  warnings(): readonly string[];
}

/** Creates the writer of `--output-certs` and the runner of `--on-rotate`. */
export async function createOutputCerts(directory: string, deps: AgentDeps): Promise<OutputFiles> {
  const { config, environment, store, registry, clock, roll, logger } = deps;
  await refuseInputDirectory(directory, config);
  if (config.onRotate !== undefined) await refuseWithoutShell();
  const { writes, runs } = createFileMetrics(registry);
  const { onRotate, onRotateTimeout: timeoutMs } = config;
  const command =
    onRotate === undefined
      ? undefined
      : new OnRotateCommand({
          command: onRotate,
          timeoutMs,
          environment: { ...publicEnvironment(options, environment), KASBAH_OUTPUT_CERTS: directory },
          runs,
          clock,
          logger,
        });
  const output = new OutputCerts({
    directory,
    keyMode: config.outputCertsMode,
    render: await createRender(config),
    onWritten: ({ spiffeId }) => command?.request(spiffeId.toString()),
    store,
    writes,
    clock,
    roll,
    logger,
  });
  return {
    components: command === undefined ? [output] : [command, output],
    warnings: () => [output.problem, command?.problem].filter((problem) => problem !== undefined),
  };
}

/** The kasbah-agent image has no shell: fail at the start, not at each rotation. */
async function refuseWithoutShell(): Promise<void> {
  const hasShell = await access(shell, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (hasShell) return;
  throw new ConfigInvalidError([
    `--on-rotate: requires ${shell}, which does not exist; run the agent in an image with a shell, or let the program watch the files`,
  ]);
}

/** Repeats the check of the configuration for directories that are the same through a link. */
async function refuseInputDirectory(directory: string, config: AgentDeps["config"]): Promise<void> {
  const [written, ...read] = await Promise.all(
    [directory, ...inputDirectories(config)].map((path) => realpath(path).catch(() => undefined)),
  );
  if (written === undefined || !read.includes(written)) return;
  throw new ConfigInvalidError(["--output-certs: the agent also reads from this directory; choose another"]);
}
