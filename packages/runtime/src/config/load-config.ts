import type { Command, ConfigOf } from "./command.ts";
import { readConfigFile } from "./config-file.ts";
import type { OptionTable } from "./option.ts";
import { type ConfigOutcome, resolveConfig, type Started } from "./resolve-config.ts";

/** The process's arguments and environment, and a reader for the configuration file. */
export interface ConfigInput extends Started {
  readFile(path: string): string;
}

/**
 * Resolves the configuration of a command like `resolveConfig`, and reads the configuration file as YAML.
 *
 * @throws ConfigInvalidError with all problems.
 */
export function loadConfig<const O extends OptionTable>(
  command: Command<O>,
  options: O,
  input: ConfigInput,
): ConfigOutcome<ConfigOf<O>> {
  return resolveConfig(command, options, input, (path, all) =>
    readConfigFile(path, input.readFile(path), all),
  );
}
