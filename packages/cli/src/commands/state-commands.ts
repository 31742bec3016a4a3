import { readFileSync } from "node:fs";
import {
  backupState,
  initOptions,
  initStateCommand as initSettings,
  initState,
  restoreState,
} from "@kasbah/ca-server/state";
import { ConfigInvalidError, createLogger, parseDuration } from "@kasbah/runtime";
import { type ConfigInput, loadConfig } from "@kasbah/runtime/yaml";
import { Command } from "commander";
import { renderAuthorities } from "../authority/render-status.ts";
import { toJson } from "../output/json.ts";
import { plainTime } from "../output/relative-time.ts";
import { lookOf } from "../output/terminal/look.ts";
import { type StateLocation, stateDirectoryOf } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

const backupHelp = `
The file contains the CA's private keys: anyone who can read it can impersonate every service of the mesh. It is written
with mode 0600 and never overwrites a file. With --key-passphrase-file the keys are encrypted, as on the server. The backup
does not contain the ledger: copy the directory ledger/ of the state directory, too. The CA can keep running.`;

const restoreHelp = `
The state directory must not contain a CA. The restored CA keeps its roots and never reuses a serial number. It trusts
every authority until all certificates issued after the backup must have expired, and reports that it was restored.`;

/** `kasbah init`: accepts the server's flags and parses them as the server does. */
export function createInitCommand(deps: CommandDeps): Command {
  return new Command("init")
    .description("create the root and the intermediate of a new CA before its server first starts")
    .helpOption(false)
    .argument("[flags...]")
    .allowUnknownOption()
    .action((flags: string[]) => runInit(flags, deps));
}

/** `kasbah backup` and `kasbah restore`: work on a state directory without a running server. */
export function stateCommands(deps: CommandDeps): Command[] {
  const backup = new Command("backup")
    .description("write the CA's keys and state to a file")
    .argument("<file>", "the file to create")
    .option("--state-dir <dir>", "the CA's state directory")
    .option(
      "--key-passphrase-file <file>",
      "encrypt the keys in the file, or decrypt keys that are encrypted",
    )
    .option("--json", "print JSON", false)
    .addHelpText("after", backupHelp)
    .action((file: string, options: BackupOptions) => runBackup(file, options, deps));
  const restore = new Command("restore")
    .description("restore a backup into an empty state directory")
    .argument("<file>", "a file written by kasbah backup")
    .option("--state-dir <dir>", "the state directory to restore into")
    .option(
      "--max-ttl <duration>",
      "the longest lifetime of any certificate that the CA may have issued",
      "2160h",
    )
    .option("--json", "print JSON", false)
    .addHelpText("after", restoreHelp)
    .action((file: string, options: RestoreOptions) => runRestore(file, options, deps));
  return [backup, restore];
}

async function runInit(argv: readonly string[], deps: CommandDeps): Promise<void> {
  const { screen, env, clock, version, isRoot, stderr } = deps;
  const options = initOptions({ isRoot, env });
  const input: ConfigInput = { argv, env, readFile: (path) => readFileSync(path, "utf8") };
  const outcome = loadConfig(initSettings(version), options, input);
  if (outcome.kind !== "run") return screen.write(outcome.text);
  const { config } = outcome;
  const logger = createLogger({ level: "warn", format: config.logFormat, stream: stderr });
  const { isNew, ...status } = await initState(config, { clock, logger, holder: holderOf(deps) });
  if (config.json) return screen.write(toJson({ ...status, isNew }));
  screen.write(renderAuthorities(status, clock.now(), { look: lookOf(screen) }));
  const what = config.rootCaDir === undefined ? "created a CA" : "imported the plugged-in CA";
  const next = isNew ? what : "kept the existing CA";
  screen.write(
    `${next} in ${config.stateDir}; start it with: kasbah-server --state-dir ${config.stateDir} …\n`,
  );
}

interface BackupOptions extends StateLocation {
  readonly keyPassphraseFile?: string;
  readonly json: boolean;
}

async function runBackup(file: string, options: BackupOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const passphraseFile = options.keyPassphraseFile;
  const summary = await backupState(stateDirectoryOf(options, deps), file, {
    now: clock.now(),
    passphraseFile,
  });
  if (options.json) return screen.write(toJson(summary));
  screen.write(
    `${file} contains ${summary.authorities.join(", ")} (root SHA-256 ${summary.rootFingerprint})\n`,
  );
  const danger = summary.encrypted
    ? "the keys are encrypted: store the passphrase in a different place\n"
    : "the keys are NOT encrypted: anyone who reads the file can impersonate every service (encrypt them with --key-passphrase-file)\n";
  screen.write(danger);
}

interface RestoreOptions extends StateLocation {
  readonly maxTtl: string;
  readonly json: boolean;
}

async function runRestore(file: string, options: RestoreOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const maxTtlMs = parseMaxTtl(options.maxTtl);
  const directory = stateDirectoryOf(options, deps);
  const summary = await restoreState(directory, file, {
    now: clock.now(),
    maxTtlMs,
    holder: holderOf(deps),
  });
  if (options.json) return screen.write(toJson(summary));
  screen.write(
    `restored ${summary.authorities.join(", ")} into ${directory} from a backup of ${plainTime(summary.createdAt)}\n`,
  );
  screen.write(
    "the backup contains no authorities created later: agents that trust only later authorities will not trust this CA\n",
  );
}

function parseMaxTtl(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new ConfigInvalidError(["--max-ttl: expected a duration such as 24h or 90d"]);
  }
}

function holderOf({ pid, hostname, clock }: CommandDeps) {
  return { pid, hostname, clock };
}
