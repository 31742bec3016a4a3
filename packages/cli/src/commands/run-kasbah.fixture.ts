import { tmpdir } from "node:os";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { createProgram } from "../program.ts";
import type { CommandDeps } from "./command-deps.ts";

// Shared by the tests of the operator's commands.

export const now = new Date("2030-01-01T00:00:00Z");

export const root = {
  id: "root-1",
  kind: "root",
  origin: "self-signed",
  stage: "active",
  signs: true,
  trusted: true,
  fingerprint: "0123456789abcdef0123",
  serial: "01",
  keyType: "P-256",
  notBefore: now,
  notAfter: new Date("2040-01-01T00:00:00Z"),
  stageSince: now,
  rotatesAt: new Date("2036-09-01T00:00:00Z"),
} as const;

export const idle: AuthorityStatusMessage = {
  trustDomain: "cluster.local",
  epoch: 4,
  automatic: true,
  paused: false,
  authorities: [root],
  warnings: ["rotations only start manually (--root-rotation manual)"],
};

export const rotation = {
  kind: "root",
  from: "root-1",
  to: "root-2",
  stage: "distributed",
  since: now,
  mayAdvance: false,
  reason: "leaves are valid until tomorrow",
  earliest: new Date("2030-01-02T00:00:00Z"),
  aborted: false,
} as const;

export const busy: AuthorityStatusMessage = { ...idle, rotation };

export interface CommandOutcome {
  readonly said: string;
  readonly exitCode: number;
  readonly error: { readonly code?: string; readonly message: string } | undefined;
}

/**
 * Runs a command as main.ts does, with a clock that is frozen in 2030 and sleeps that yield to the event
 * loop.
 */
export async function runKasbah(
  argv: readonly string[],
  changes: Partial<CommandDeps> = {},
): Promise<CommandOutcome> {
  let said = "";
  let exitCode = 0;
  const write = (text: string) => {
    said += text;
  };
  const sleep = async (_ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
  const program = createProgram({
    version: "1.2.3",
    screen: { write, colour: false, interactive: false },
    drained: async () => undefined,
    env: {},
    clock: { ...systemClock, now: () => now, sleep },
    isRoot: false,
    pid: process.pid,
    uid: process.getuid?.(),
    cwd: process.cwd(),
    hasTerminal: false,
    kill: () => {
      throw new Error("a test may not signal a process");
    },
    hostname: "here",
    operator: "alice",
    stderr: process.stderr,
    setExitCode: (code) => {
      exitCode = code;
    },
    nodePath: process.execPath,
    platform: "linux",
    arch: "x64",
    temporaryDirectory: tmpdir(),
    newSecret: () => "secret".padEnd(43, "-"),
    signal: new AbortController().signal,
    ...changes,
  });
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
    command.configureOutput({ writeOut: write, writeErr: write });
  }
  const error = await program.parseAsync(["node", "kasbah", ...argv]).then(
    () => undefined,
    (reason: { code?: string; message: string }) => reason,
  );
  return { said, error, exitCode };
}
