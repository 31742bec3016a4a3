import type { CommandLine } from "./command-line.ts";
import type { FileEntry } from "./config-file.ts";
import type { Option } from "./option.ts";

/** The texts of an option, and where they come from. */
export interface Setting {
  readonly name: string;
  readonly texts: readonly string[];
  readonly source: string;
}

export interface Sources {
  readonly commandLine: CommandLine;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ReadonlyMap<string, FileEntry>;
}

/** Flag before environment before file before default; the first source with a value provides all of it. */
export function findSetting(option: Option<unknown>, sources: Sources, filePath: string): Setting {
  const { name, spec } = option;
  // An empty value on the command line has already been reported as missing.
  const given = sources.commandLine.texts.get(name)?.filter((text) => text !== "");
  if (given !== undefined && given.length > 0) return { name, texts: given, source: "the command line" };
  const inEnv = environmentTexts(option, sources.env);
  if (inEnv.length > 0) return { name, texts: inEnv, source: `environment ${spec.env}` };
  const entry = sources.file.get(name);
  if (entry !== undefined) return { name, texts: entry.texts, source: `file ${filePath} line ${entry.line}` };
  return { name, texts: spec.default === undefined ? [] : split(option, spec.default), source: "default" };
}

function environmentTexts(option: Option<unknown>, env: Sources["env"]): string[] {
  const { env: variable, envPrefix } = option.spec;
  const own = env[variable];
  const texts = own === undefined || own === "" ? [] : split(option, own);
  if (envPrefix === undefined) return texts;
  const prefixed = Object.entries(env).filter(([name]) => name.startsWith(envPrefix) && name !== envPrefix);
  return [...texts, ...prefixed.map(([name, value = ""]) => `${name.slice(envPrefix.length)}=${value}`)];
}

function split(option: Option<unknown>, text: string): string[] {
  if (option.arity !== "repeatable") return [text];
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
