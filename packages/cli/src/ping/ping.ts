import type { Clock, HostPort } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { inspectFile } from "../inspect/file.ts";
import { askReadiness } from "./readiness.ts";
import { askTls } from "./tls-answer.ts";

export interface PingOptions {
  readonly address: HostPort;
  readonly rootFile: string | undefined;
  readonly ready: HostPort | undefined;
  /** How long to try again while the CA does not answer; 0 for one attempt. */
  readonly waitMs: number;
}

export interface PingDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const deadlineMs = 5_000;
const pauseMs = 1_000;

/**
 * Reaches a CA as its clients do, and returns one line for each answer. It reads the file of the roots for each
 * attempt, because the CA may publish it meanwhile.
 *
 * @throws CliError the last failure
 */
export async function ping(options: PingOptions, { clock, signal }: PingDeps): Promise<string> {
  const until = clock.monotonicMs() + options.waitMs;
  for (;;) {
    try {
      return await attempt(options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CliError) || clock.monotonicMs() >= until) throw error;
      await clock.sleep(pauseMs, signal);
    }
  }
}

async function attempt({ address, rootFile, ready }: PingOptions, signal: AbortSignal): Promise<string> {
  const roots = rootFile === undefined ? undefined : await readRootFile(rootFile);
  const lines = [await askTls({ address, roots, deadlineMs, signal })];
  if (ready !== undefined) lines.push(await askReadiness({ address: ready, deadlineMs, signal }));
  return lines.map((line) => `${line}\n`).join("");
}

async function readRootFile(file: string) {
  const { chain } = await inspectFile(file);
  return { pem: chain.map((certificate) => certificate.toPem()).join(""), file };
}
