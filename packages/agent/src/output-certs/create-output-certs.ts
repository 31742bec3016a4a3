import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { ConfigInvalidError } from "@kasbah/runtime";
import type { FileGround, FileParts } from "../composition/file-parts.ts";
import type { AgentConfig } from "../config/command.ts";
import { readDirectories } from "../config/places.ts";
import { createFileMetrics } from "./file-metrics.ts";
import { RotateCommand } from "./on-rotate-command.ts";
import { OutputCerts } from "./output-certs.ts";
import { shell } from "./run-shell.ts";

/** The files of `--output-certs`, and the command after them. */
export async function composeOutput(
  directory: string,
  config: AgentConfig,
  environment: Readonly<Record<string, string | undefined>>,
  { store, registry, clock, roll, logger }: FileGround,
): Promise<FileParts> {
  await refuseDirectoryThatIsRead(directory, config);
  if (config.onRotate !== undefined) await refuseWithoutShell();
  const { writes, runs } = createFileMetrics(registry);
  const { onRotate, onRotateTimeout: timeoutMs } = config;
  const command =
    onRotate === undefined
      ? undefined
      : new RotateCommand({
          command: onRotate,
          timeoutMs,
          environment: { ...environment, KASBAH_OUTPUT_CERTS: directory },
          runs,
          clock,
          logger,
        });
  const output = new OutputCerts({
    directory,
    keyMode: config.outputCertsMode,
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

/** Our image has no shell: better to hear it now than at each rotation. */
async function refuseWithoutShell(): Promise<void> {
  const isThere = await access(shell, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  throw new ConfigInvalidError([
    `--on-rotate: needs ${shell}, which is not there; run the agent where the program is, or let that watch the files`,
  ]);
}

/** As the configuration's own check, for directories that are one by way of a link. */
async function refuseDirectoryThatIsRead(directory: string, config: AgentConfig): Promise<void> {
  const [written, ...read] = await Promise.all(
    [directory, ...readDirectories(config)].map((path) => realpath(path).catch(() => undefined)),
  );
  if (written === undefined || !read.includes(written)) return;
  throw new ConfigInvalidError(["--output-certs: is a directory that is read from as well; choose another"]);
}
