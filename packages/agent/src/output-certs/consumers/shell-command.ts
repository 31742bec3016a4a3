import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { type Clock, ConfigInvalidError } from "@kasbah/runtime";
import type { ConsumerRun } from "./consumer-loop.ts";
import { runShell, shell } from "./run-shell.ts";

export interface ShellCommandOptions {
  readonly command: string;
  readonly timeoutMs: number;
  /** Variables for the command besides those of the change, without secrets of the agent. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** The command of `--on-rotate`, as a consumer runs it. */
export function shellCommand(options: ShellCommandOptions): ConsumerRun {
  const { command, timeoutMs, environment, clock } = options;
  return {
    name: "on-rotate command",
    kind: "command",
    run: ({ spiffeId, serial, notAfter }, signal) => {
      const change = {
        KASBAH_SPIFFE_ID: spiffeId,
        KASBAH_CERT_SERIAL: serial,
        KASBAH_CERT_NOT_AFTER: notAfter.toISOString(),
      };
      return runShell({ command, timeoutMs, clock, signal, environment: { ...environment, ...change } });
    },
  };
}

/** The kasbah-agent image has no shell: fail at the start, not at each rotation. */
export async function refuseWithoutShell(): Promise<void> {
  const hasShell = await access(shell, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (hasShell) return;
  throw new ConfigInvalidError([
    `--on-rotate: requires ${shell}, which does not exist; run the agent in an image with a shell, or let the program watch the files`,
  ]);
}
