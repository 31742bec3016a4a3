import type { Schema } from "./schema.ts";

/** The name, description and parser of one setting. The schema converts its text to the value. */
export interface OptionSpec<T> {
  /** `--state-dir <dir>`, or `--verbose` alone for a switch, whose schema then receives `true`. */
  readonly flag: `--${string}`;
  readonly env: string;
  /**
   * For a repeatable option: each variable with this prefix adds one text, the rest of its name, `=` and its
   * value.
   */
  readonly envPrefix?: string;
  /** Its texts may be secrets and are never printed. */
  readonly isSensitive?: boolean;
  readonly help: string;
  readonly schema: Schema<T>;
  /** As written on the command line; comma-separated for a repeatable option. */
  readonly default?: string;
  /** Shown by `--help` instead of a default that depends on the machine. */
  readonly defaultHelp?: string;
  /** For a file: when its content is read again. A setting itself is read at the start only. */
  readonly reload?: string;
  /** The heading under which `--help` lists the option. */
  readonly group?: string;
}

/** An option whose value in the configuration has type `T`. */
export interface Option<T> {
  /** Its key in the configuration file: the flag without leading dashes. */
  readonly name: string;
  readonly spec: OptionSpec<unknown>;
  readonly arity: "required" | "optional" | "repeatable";
  read(texts: readonly string[]): ReadResult<T>;
}

type ReadResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly text: string };

/** The options of a command, by the property names of the configuration. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/**
 * An option with a list of values: the flag may be repeated, the environment variable is comma-separated, the
 * file has a list.
 */
export function option<T>(spec: OptionSpec<T> & { readonly repeatable: true }): Option<readonly T[]>;
/** An option that may be absent. */
export function option<T>(spec: OptionSpec<T> & { readonly optional: true }): Option<T | undefined>;
/** An option that is required, unless it has a default. */
export function option<T>(
  spec: OptionSpec<T> & { readonly repeatable?: false; readonly optional?: false },
): Option<T>;
export function option<T>(
  spec: OptionSpec<T> & { readonly repeatable?: boolean; readonly optional?: boolean },
): Option<readonly T[] | T | undefined> {
  const name = spec.flag.slice(2).split(" ", 1)[0] ?? "";
  if (spec.repeatable) return { name, spec, arity: "repeatable", read: (texts) => readEach(spec, texts) };
  const arity = spec.optional ? "optional" : "required";
  return { name, spec, arity, read: (texts) => readLast(spec, texts) };
}

/** Absent optional options and empty lists have no text at all. */
function readLast<T>(spec: OptionSpec<T>, texts: readonly string[]): ReadResult<T | undefined> {
  const last = texts.at(-1);
  return last === undefined ? { ok: true, value: undefined } : readText(spec, last);
}

function readEach<T>(spec: OptionSpec<T>, texts: readonly string[]): ReadResult<readonly T[]> {
  const values: T[] = [];
  for (const text of texts) {
    const result = readText(spec, text);
    if (!result.ok) return result;
    values.push(result.value);
  }
  return { ok: true, value: Object.freeze(values) };
}

function readText<T>(spec: OptionSpec<T>, text: string): ReadResult<T> {
  const reading = spec.schema.read(text);
  return reading.ok ? reading : { ...reading, text };
}
