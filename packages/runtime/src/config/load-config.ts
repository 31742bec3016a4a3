import { quoted } from "../printable-text.ts";
import { RuntimeError } from "../runtime-error.ts";
import { type Command, type ConfigOf, commonOptions } from "./command.ts";
import { type CommandLine, helpText, readCommandLine } from "./command-line.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import type { Option, OptionTable } from "./option.ts";
import { findSetting, type Setting, type Sources } from "./setting.ts";

const configFileEnv = "KASBAH_CONFIG";

/** What the process was started with. */
export interface ConfigInput {
  /** The arguments after the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string;
}

/** A configuration to run with, or to look at with a text to print if it is good, or a text alone. */
export type ConfigOutcome<C> =
  | { readonly kind: "run"; readonly config: C }
  | { readonly kind: "check"; readonly config: C; readonly text: string }
  | { readonly kind: "print"; readonly text: string };

/** The configuration cannot be used; `problems` has everything that is wrong, one sentence each. */
export class ConfigInvalidError extends RuntimeError<"CONFIG_INVALID"> {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super("CONFIG_INVALID", `the configuration is invalid: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/**
 * Reads the configuration of a command: flag before environment before file before default, to a frozen object
 * whose type comes from the table of options. An empty environment variable counts as unset.
 *
 * @throws ConfigInvalidError with all problems at once.
 */
export function loadConfig<const O extends OptionTable>(
  command: Command<O>,
  options: O,
  input: ConfigInput,
): ConfigOutcome<ConfigOf<O>> {
  const table: OptionTable = { ...options, ...commonOptions };
  const all = Object.values(table);
  const commandLine = readCommandLine(all, input.argv);
  if (commandLine.wants === "help") return { kind: "print", text: helpText(command, all) };
  if (commandLine.wants === "version") return { kind: "print", text: `${command.name} ${command.version}\n` };

  const file = loadFile(commandLine, input, all);
  const sources: Sources = { commandLine, env: input.env, file: file.entries };
  const settings = new Map(all.map((each) => [each.name, findSetting(each, sources, file.path)]));
  const { config, problems } = assemble<O>(table, settings);
  problems.unshift(...commandLine.problems, ...file.problems);
  if (problems.length === 0) problems.push(...(command.check?.(config) ?? []));
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return commandLine.wants === "check"
    ? { kind: "check", config, text: checkedText([...settings.values()]) }
    : { kind: "run", config };
}

function assemble<O extends OptionTable>(table: OptionTable, settings: ReadonlyMap<string, Setting>) {
  const problems: string[] = [];
  const values = Object.entries(table).map(([key, each]) => {
    const setting = settings.get(each.name);
    const result = setting === undefined ? undefined : read(each, setting);
    if (typeof result === "string") problems.push(result);
    return [key, typeof result === "object" ? result.value : undefined];
  });
  // The one place where the type of the table becomes the type of the values; each was read by its own schema.
  return { config: Object.freeze(Object.fromEntries(values)) as ConfigOf<O>, problems };
}

function read(each: Option<unknown>, setting: Setting): { value: unknown } | string {
  if (setting.texts.length === 0 && each.arity === "required") {
    return `--${each.name}: is required; give the flag, ${each.spec.env} or the key ${each.name} in the file`;
  }
  const result = each.read(setting.texts);
  if (result.ok) return { value: result.value };
  return `--${each.name} (from ${setting.source}): ${result.problem}, got ${quoted(result.text)}`;
}

function loadFile(
  commandLine: CommandLine,
  input: ConfigInput,
  options: readonly Option<unknown>[],
): ConfigFile & { readonly path: string } {
  const path = commandLine.configFile || input.env[configFileEnv] || "";
  if (path === "") return { path, entries: new Map(), problems: [] };
  try {
    return { path, ...readConfigFile(path, input.readFile(path), options) };
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { path, entries: new Map(), problems: [`--config: cannot read file ${path} (${reason})`] };
  }
}

function checkedText(settings: readonly Setting[]): string {
  const width = Math.max(...settings.map((each) => each.name.length));
  const lines = settings.map(({ name, texts, source }) => {
    const shown = texts.length === 0 ? "-" : texts.map((each) => quoted(each).slice(1, -1)).join(", ");
    return `  ${name.padEnd(width)}  ${shown}  (${source})\n`;
  });
  return `configuration is valid\n${lines.join("")}`;
}
