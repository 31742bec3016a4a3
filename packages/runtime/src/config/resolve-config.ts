import { quoted } from "../log/printable-text.ts";
import { type Command, type ConfigOf, commonOptions } from "./command.ts";
import { configFileIn, readCommandLine } from "./command-line.ts";
import type { ConfigFile } from "./config-file.ts";
import { ConfigInvalidError } from "./config-invalid-error.ts";
import { helpText } from "./help-text.ts";
import type { Option, OptionTable } from "./option.ts";
import { findSetting, type Setting, type Sources } from "./setting.ts";

const configFileEnv = "KASBAH_CONFIG";

/** The arguments and environment of the process. */
export interface Started {
  /** The arguments after the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the configuration file. If it throws, the error is reported as the reason why the file cannot be
 * read.
 */
export type FileReader = (path: string, options: readonly Option<unknown>[]) => ConfigFile;

/** A configuration to run with, possibly with a text to print if it is valid, or only a text to print. */
export type ConfigOutcome<C> =
  | { readonly kind: "run"; readonly config: C }
  | { readonly kind: "check"; readonly config: C; readonly text: string }
  | { readonly kind: "print"; readonly text: string };

/** The path of the configuration file; "" if there is none. */
export function configFileOf({ argv, env }: Started): string {
  return configFileIn(argv) || env[configFileEnv] || "";
}

/**
 * Resolves the configuration of a command: flag before environment before file before default, as a frozen
 * object typed by the table of options. An empty environment variable counts as unset.
 *
 * @throws ConfigInvalidError with all problems.
 */
export function resolveConfig<const O extends OptionTable>(
  command: Command<O>,
  options: O,
  input: Started,
  readFile: FileReader,
): ConfigOutcome<ConfigOf<O>> {
  const table: OptionTable = { ...options, ...commonOptions };
  const all = Object.values(table);
  const commandLine = readCommandLine(all, input.argv);
  if (commandLine.wants === "help") return { kind: "print", text: helpText(command, all) };
  if (commandLine.wants === "version") return { kind: "print", text: `${command.name} ${command.version}\n` };

  const path = configFileOf(input);
  const file = loadFile(path, readFile, all);
  const sources: Sources = { commandLine, env: input.env, file: file.entries };
  const settings = new Map(all.map((each) => [each.name, findSetting(each, sources, path)]));
  const { config, problems } = assemble<O>(table, settings);
  problems.unshift(...commandLine.problems, ...file.problems);
  if (problems.length === 0) problems.push(...(command.check?.(config) ?? []));
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return commandLine.wants === "check"
    ? { kind: "check", config, text: checkedText(all, settings) }
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
  // The only cast from the table's type to the values' type; each value was read by its own schema.
  return { config: Object.freeze(Object.fromEntries(values)) as ConfigOf<O>, problems };
}

function read(each: Option<unknown>, setting: Setting): { value: unknown } | string {
  if (setting.texts.length === 0 && each.arity === "required") {
    return `--${each.name}: is required: set the flag, ${each.spec.env} or the key ${each.name} in the file`;
  }
  const result = each.read(setting.texts);
  if (result.ok) return { value: result.value };
  const got = each.spec.isSensitive ? "" : `, got ${quoted(result.text)}`;
  return `--${each.name} (from ${setting.source}): ${result.problem}${got}`;
}

function loadFile(path: string, readFile: FileReader, options: readonly Option<unknown>[]): ConfigFile {
  if (path === "") return { entries: new Map(), problems: [] };
  try {
    return readFile(path, options);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { entries: new Map(), problems: [`--config: cannot read file ${path} (${reason})`] };
  }
}

function checkedText(options: readonly Option<unknown>[], settings: ReadonlyMap<string, Setting>): string {
  const width = Math.max(...options.map((each) => each.name.length));
  const lines = options.map(({ name, spec }) => {
    const { texts, source } = settings.get(name) ?? { texts: [], source: "default" };
    const read = texts.map((each) => (spec.isSensitive ? "(hidden)" : quoted(each).slice(1, -1)));
    const shown = read.length === 0 ? "-" : read.join(", ");
    return `  ${name.padEnd(width)}  ${shown}  (${source})\n`;
  });
  return `configuration is valid\n${lines.join("")}`;
}
