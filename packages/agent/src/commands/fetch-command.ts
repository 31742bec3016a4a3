import {
  ConfigInvalidError,
  createLogger,
  createRegistry,
  formatDuration,
  printableText,
} from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { command } from "../config/command.ts";
import { crossCheck } from "../config/cross-check.ts";
import type { AgentConfig } from "../config/options.ts";
import { AgentError } from "../errors.ts";
import { obtainSecret } from "../one-shot/obtain-secret.ts";
import { ownFiles } from "../one-shot/write-once.ts";
import type { RotationFailure } from "../rotation/rotator.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { SkippedRoots } from "../secret/skipped-roots.ts";
import type { AgentCommandDeps } from "./command-deps.ts";

/** Nothing reads a log of one fetch: it prints what matters. */
const logger = createLogger({ level: "silent", format: "json" });

/** The result of one fetch. */
export interface Fetched {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly directory: string;
  readonly files: readonly string[];
}

/**
 * Obtains one certificate and writes it.
 * @throws ConfigInvalidError, AgentError `OUTPUT_DIRECTORY_IN_USE`, or `CERTIFICATE_NOT_OBTAINED` on timeout
 */
export async function fetchOnce(
  config: AgentConfig & { readonly timeout: number },
  deps: AgentCommandDeps,
): Promise<Fetched> {
  const directory = directoryOf(config);
  const owned = await ownFiles(directory, config, logger);
  try {
    const secret = await obtainInTime(config, deps);
    return resultOf(secret, directory, await owned.write(secret));
  } finally {
    await owned.release();
  }
}

/** Formats the result as rows. */
export function fetchText({ spiffeId, serial, notAfter, directory, files }: Fetched): string {
  const rows = [
    ["SPIFFE ID", spiffeId],
    ["serial", serial],
    ["expires", notAfter],
    ["written", `${files.join(", ")} in ${directory}`],
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(9)}  ${printableText(value)}\n`).join("");
}

function resultOf(
  { spiffeId, leaf, notAfter }: WorkloadSecret,
  directory: string,
  files: readonly string[],
): Fetched {
  return {
    spiffeId: spiffeId.toString(),
    serial: leaf.serial,
    notBefore: leaf.notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    directory,
    files,
  };
}

function directoryOf(config: AgentConfig): string {
  const problems = [...crossCheck(config)];
  const { outputCerts, fileMountedCerts } = config;
  if (outputCerts === undefined) {
    problems.push("--output-certs: is required: the directory in which fetch writes the files");
  }
  if (fileMountedCerts) {
    problems.push(
      "--file-mounted-certs: fetch asks a CA; remove the flag, or use the mounted files themselves",
    );
  }
  if (outputCerts === undefined || problems.length > 0) throw new ConfigInvalidError(problems);
  return outputCerts;
}

async function obtainInTime(
  config: AgentConfig & { readonly timeout: number },
  deps: AgentCommandDeps,
): Promise<WorkloadSecret> {
  const failures = new Failures(deps);
  const [late, done] = [new AbortController(), new AbortController()];
  const interrupted = deps.untilSignal?.();
  const signal = interrupted === undefined ? late.signal : AbortSignal.any([late.signal, interrupted]);
  const timer = deps.clock.sleep(config.timeout, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    const onFailed = (failure: RotationFailure) => failures.report(failure);
    const secret = await obtainSecret(agentDeps(config, deps), { signal, onFailed });
    if (secret !== undefined) return secret;
  } finally {
    done.abort();
    await timer;
  }
  const when = interrupted?.aborted
    ? `: interrupted by ${String(interrupted.reason)}`
    : ` after ${formatDuration(config.timeout)}`;
  const message = `no certificate${when}: ${failures.last ?? "the CA has not answered"}`;
  throw new AgentError("CERTIFICATE_NOT_OBTAINED", message);
}

/** The parts of an agent that obtain a certificate. Nothing reads its metrics. */
function agentDeps(config: AgentConfig, { env: environment, clock, roll }: AgentCommandDeps): AgentDeps {
  return {
    config,
    store: new SecretStore(clock),
    skippedRoots: new SkippedRoots(logger),
    registry: createRegistry(command),
    clock,
    roll,
    environment,
    logger,
  };
}

/** Prints each new reason once: retries go on until the timeout. */
class Failures {
  readonly #writeError: AgentCommandDeps["writeError"];
  #last: string | undefined;

  constructor({ writeError }: Pick<AgentCommandDeps, "writeError">) {
    this.#writeError = writeError;
  }

  get last(): string | undefined {
    return this.#last;
  }

  report({ error, code }: RotationFailure): void {
    const reason = error instanceof Error ? printableText(error.message) : "unexpected failure";
    const fix = error instanceof AgentError ? error.refusal?.fix : undefined;
    const said = `${reason} (${code})${fix === undefined ? "" : `; fix: ${printableText(fix)}`}`;
    if (withoutIds(said) !== withoutIds(this.#last ?? ""))
      this.#writeError(`kasbah-agent: trying again: ${said}\n`);
    this.#last = said;
  }
}

/** Without serial numbers and fingerprints, which differ in each reply of the CA. */
function withoutIds(reason: string): string {
  return reason.replaceAll(/\b[0-9a-f]{32,}\b/g, "");
}
