import type { Command, ConfigOf } from "./command.ts";
import { readConfigFile } from "./config-file.ts";
import type { OptionTable } from "./option.ts";
import { type ConfigOutcome, resolveConfig, type Started } from "./resolve-config.ts";

/** What the process was started with, and how it reads the file that it may be told to read. */
export interface ConfigInput extends Started {
  readFile(path: string): string;
}

/**
 * Reads the configuration of a command, as `resolveConfig` does, with that of a YAML file.
 *
 * @throws ConfigInvalidError with all problems at once.
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
