import { parseArgs } from "node:util";
import { quoted } from "../log/printable-text.ts";
import { closestName } from "./closest-name.ts";
import { generalFlags, parseFlag } from "./general-flags.ts";
import type { Option } from "./option.ts";

/** The parsed arguments: the texts given for each option, by option name. */
export interface CommandLine {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly wants: "run" | "help" | "version" | "check";
  readonly problems: readonly string[];
}

type Token = ReturnType<typeof tokensOf>[number];
type Flags = ReadonlyMap<string, { readonly takesValue: boolean }>;

/**
 * Parses arguments (without program and script) and collects all problems instead of stopping at the first.
 */
export function readCommandLine(options: readonly Option<unknown>[], argv: readonly string[]): CommandLine {
  const all = [...options.map(({ spec }) => spec), ...generalFlags].map(({ flag }) => parseFlag(flag));
  const flags: Flags = new Map(all.map((flag) => [flag.name, flag]));
  const tokens = tokensOf(argv);
  const texts = textsIn(tokens, flags);
  const problems = [
    ...new Set(tokens.flatMap((token) => wrongFlag(token, argv, flags))),
    ...tokens.flatMap((token, at) => stray(token, tokens[at - 1], flags)),
    ...options.flatMap((each) => misused(each, texts.get(each.name) ?? [])),
    ...(texts.get("config")?.includes("") ? ["--config (from the command line): requires a value"] : []),
  ];
  return { texts, wants: wanted(texts), problems };
}

/** The last file named by `--config`, regardless of all other arguments; "" if its value is missing. */
export function configFileIn(argv: readonly string[]): string | undefined {
  return textsIn(tokensOf(argv), new Map([["config", { takesValue: true }]]))
    .get("config")
    ?.at(-1);
}

/**
 * Tokenizes every flag as a switch, because parseArgs would take the next flag as the value of one that has
 * none.
 */
function tokensOf(argv: readonly string[]) {
  const options = { help: { type: "boolean", short: "h" } } as const;
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** A missing value is an empty text. */
function textsIn(tokens: readonly Token[], flags: Flags): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  for (const [at, token] of tokens.entries()) {
    const flag = token.kind === "option" ? flags.get(token.name) : undefined;
    if (token.kind !== "option" || flag === undefined || (!flag.takesValue && token.inlineValue)) continue;
    const next = tokens[at + 1];
    const following = next?.kind === "positional" ? next.value : "";
    const text = flag.takesValue ? (token.value ?? following) : "true";
    texts.set(token.name, [...(texts.get(token.name) ?? []), text]);
  }
  return texts;
}

function wrongFlag(token: Token, argv: readonly string[], flags: Flags): string[] {
  if (token.kind !== "option") return [];
  const flag = flags.get(token.name);
  if (flag !== undefined) {
    return token.inlineValue && !flag.takesValue
      ? [`${token.rawName} (from the command line): takes no value`]
      : [];
  }
  const written = (argv[token.index] ?? token.rawName).split("=", 1)[0] ?? "";
  const near = closestName(
    written,
    [...flags.keys()].map((name) => `--${name}`),
  );
  return [
    `unknown flag ${quoted(written)}${near === undefined ? ": see --help" : `: did you mean ${near}?`}`,
  ];
}

/** The argument after an unknown flag is most likely its value: one problem, not two. */
function stray(token: Token, before: Token | undefined, flags: Flags): string[] {
  if (token.kind !== "positional") return [];
  const flag = before?.kind === "option" ? (flags.get(before.name) ?? "unknown") : undefined;
  if (flag === "unknown" || (flag?.takesValue && before?.kind === "option" && !before.inlineValue)) return [];
  return [`unexpected argument ${quoted(token.value)}: settings are passed as flags`];
}

function wanted(texts: ReadonlyMap<string, readonly string[]>): CommandLine["wants"] {
  if (texts.has("help")) return "help";
  if (texts.has("version")) return "version";
  return texts.has("check-config") ? "check" : "run";
}

function misused(each: Option<unknown>, texts: readonly string[]): string[] {
  const where = `--${each.name} (from the command line)`;
  if (texts.includes("")) return [`${where}: requires a value`];
  return texts.length > 1 && each.arity !== "repeatable" ? [`${where}: given ${texts.length} times`] : [];
}
