import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import type { Command, ConfigOf } from "../config/command.ts";
import { ConfigInvalidError } from "../config/config-invalid-error.ts";
import type { OptionTable } from "../config/option.ts";
import { type ConfigOutcome, configFileOf, resolveConfig } from "../config/resolve-config.ts";
import { createLogger, type Logger } from "../log/log.ts";
import { printableText } from "../log/printable-text.ts";
import { type Component, runDaemon } from "./lifecycle.ts";
import type { HostEvent, ProcessHost } from "./process-host.ts";
import { ignoredSignals } from "./signals.ts";

/** The program of a daemon: its command, its options, and how its components are created. */
export interface Program<O extends OptionTable> {
  readonly command: Command<O>;
  readonly options: O;
  /**
   * Finds all problems of the files that the configuration names, before anything is started. With
   * `--check-config` it may look deeper: a daemon that runs already must start again in spite of them.
   */
  checkFiles?(config: ConfigOf<O>, purpose: "run" | "check"): Promise<readonly string[]>;
  /** The composition root. If it throws, the process exits: 2 for `CONFIG_INVALID`, 1 for any other error. */
  compose(config: ConfigOf<O>, logger: Logger): Promise<readonly Component[]> | readonly Component[];
  readonly graceMs?: number;
}

/**
 * The outer layer of a daemon's `main.ts`. It loads the configuration and handles `--help`, `--version` and
 * `--check-config`. If the configuration is invalid, it lists all problems on standard error and exits 2;
 * otherwise it composes and runs the daemon.
 */
export async function runMain<const O extends OptionTable>(
  program: Program<O>,
  host: ProcessHost,
): Promise<void> {
  const { command, options } = program;
  try {
    const outcome = await configure(command, options, host);
    if (outcome.kind !== "print") await refuseFiles(program, outcome);
    if (outcome.kind === "run") return await composeAndRun(program, outcome.config, host);
    host.stdout.write(outcome.text);
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    host.stderr.write(invalidText(command.name, error.problems));
    host.exit(2);
  }
}

/** The YAML library is loaded only if there is a file: without it, a daemon is a megabyte smaller. */
async function configure<const O extends OptionTable>(
  command: Command<O>,
  options: O,
  host: ProcessHost,
): Promise<ConfigOutcome<ConfigOf<O>>> {
  const started = { argv: host.argv.slice(2), env: host.env };
  if (configFileOf(started) === "") {
    return resolveConfig(command, options, started, () => ({ entries: new Map(), problems: [] }));
  }
  const { loadConfig } = await import("../config/load-config.ts");
  return loadConfig(command, options, { ...started, readFile: (path) => readFileSync(path, "utf8") });
}

async function refuseFiles<O extends OptionTable>(
  program: Program<O>,
  { config, kind }: Exclude<ConfigOutcome<ConfigOf<O>>, { readonly kind: "print" }>,
): Promise<void> {
  const problems = (await program.checkFiles?.(config, kind)) ?? [];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
}

async function composeAndRun<O extends OptionTable>(
  program: Program<O>,
  config: ConfigOf<O>,
  host: ProcessHost,
): Promise<void> {
  const { name, version } = program.command;
  const { logLevel: level, logFormat: format } = config;
  const hasTerminal = isatty(0);
  // Until the daemon runs, there is nothing to read again.
  const early: readonly HostEvent[] = hasTerminal ? ignoredSignals : [...ignoredSignals, "SIGHUP"];
  for (const signal of early) host.on(signal, doNothing);
  const logger = createLogger({ level, format, stream: host.stdout });
  logger.info("daemon starting", { daemon: name, version });
  try {
    const components = await program.compose(config, logger);
    const flush = () => logger.flush();
    const grace = program.graceMs === undefined ? {} : { graceMs: program.graceMs };
    const onStarted = () => reportToServiceManager(host, logger);
    await runDaemon({ name, logger, components, onStarted, flush, hasTerminal, ...grace }, host);
  } catch (error) {
    if (error instanceof ConfigInvalidError) throw error;
    logger.error("start failed", { error });
    await logger.flush();
    host.exit(1);
  } finally {
    for (const signal of early) host.off(signal, doNothing);
  }
}

/** Loaded only under systemd: no pod pays for the code. */
async function reportToServiceManager({ env }: ProcessHost, logger: Logger): Promise<void> {
  if ((env["NOTIFY_SOCKET"] ?? "") === "") return;
  const { reportStarted } = await import("./service-manager.ts");
  await reportStarted(env, logger);
}

const doNothing = () => {};

function invalidText(name: string, problems: readonly string[]): string {
  const list = problems.map((problem) => `  ${printableText(problem)}\n`).join("");
  return `${name}: CONFIG_INVALID: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}\n${list}`;
}
