import { Command as Commander, Option as CommanderOption } from "commander";
import { quoted } from "../printable-text.ts";
import { closestName } from "./closest-name.ts";
import type { Command } from "./command.ts";
import type { Option, OptionTable } from "./option.ts";

/** What the arguments say: the texts given for each option, by its name. */
export interface CommandLine {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly wants: "run" | "help" | "version" | "check";
  readonly configFile: string | undefined;
  readonly problems: readonly string[];
}

const general = "General";

/** Reads arguments (without program and script) and collects every problem instead of stopping at the first. */
export function readCommandLine(options: readonly Option<unknown>[], argv: readonly string[]): CommandLine {
  const texts = new Map<string, string[]>();
  const collect = (name: string, text: string) => texts.set(name, [...(texts.get(name) ?? []), text]);
  const program = createProgram(options, collect);
  const { operands, unknown } = program.parseOptions([...argv]);
  const known = program.options.map((each) => each.long ?? "");
  const problems = [
    ...unknown.filter((each) => each.startsWith("-")).map((flag) => unknownFlag(flag, known)),
    // Commander files what follows an unknown flag as unknown too; it is most likely that flag's value.
    ...operands.map((operand) => `unexpected argument ${quoted(operand)}: settings are given by flags`),
    ...options.flatMap((each) => misused(each, texts.get(each.name) ?? [])),
    ...(texts.get("config")?.includes("") ? ["--config (from the command line): needs a value"] : []),
  ];
  return { texts, wants: wanted(texts), configFile: texts.get("config")?.at(-1), problems };
}

/** The text of `--help`: each option with its default and its environment variable, then examples. */
export function helpText<O extends OptionTable>(
  command: Command<O>,
  options: readonly Option<unknown>[],
): string {
  const program = createProgram(options, () => {})
    .name(command.name)
    .usage("[flags]")
    .description(command.summary)
    .configureHelp({ optionDescription: (each) => each.description })
    .configureOutput({ getOutHelpWidth: () => 110, getOutHasColors: () => false });
  const examples = command.examples.map((example) => `  ${example}\n`).join("");
  return [
    program.helpInformation(),
    "\nA flag beats its environment variable, which beats the configuration file, which beats the default.\n",
    "The file is YAML; its keys are the flags' names without the dashes in front.\n",
    examples === "" ? "" : `\nExamples:\n${examples}`,
  ].join("");
}

function createProgram(options: readonly Option<unknown>[], collect: (name: string, text: string) => void) {
  const program = new Commander().helpOption(false);
  const add = (flag: string, help: string, group: string) => {
    const each = new CommanderOption(flag, help).helpGroup(`${group}:`);
    // A missing value must become one problem among others; commander would stop there.
    each.optional ||= each.required;
    each.required = false;
    const name = each.long?.slice(2) ?? "";
    program.addOption(each.preset(each.optional ? "" : "true").argParser((text) => collect(name, text)));
  };
  for (const each of options) add(each.spec.flag, describe(each), each.spec.group ?? "Options");
  add("--config <file>", "YAML file with these settings [env: KASBAH_CONFIG]", general);
  add("--check-config", "say whether the configuration is valid and what it comes to, then exit", general);
  add("-h, --help", "show this text", general);
  add("--version", "show the version", general);
  return program;
}

function describe({ spec, arity }: Option<unknown>): string {
  const fallback = spec.defaultHelp ?? spec.default;
  const notes = [
    ...(arity === "repeatable" ? ["repeatable"] : []),
    ...(fallback === undefined || fallback === "" ? [] : [`default: ${fallback}`]),
    ...(fallback === undefined && arity === "required" ? ["required"] : []),
    `env: ${spec.env}`,
  ];
  return `${spec.help} [${notes.join("; ")}]`;
}

function wanted(texts: ReadonlyMap<string, readonly string[]>): CommandLine["wants"] {
  if (texts.has("help")) return "help";
  if (texts.has("version")) return "version";
  return texts.has("check-config") ? "check" : "run";
}

function unknownFlag(argument: string, known: readonly string[]): string {
  const flag = argument.split("=", 1)[0] ?? argument;
  if (known.includes(flag)) return `${flag} (from the command line): takes no value`;
  const near = closestName(flag, known);
  return `unknown flag ${quoted(flag)}${near === undefined ? ": see --help" : `: did you mean ${near}?`}`;
}

function misused(each: Option<unknown>, texts: readonly string[]): string[] {
  const where = `--${each.name} (from the command line)`;
  if (texts.includes("")) return [`${where}: needs a value`];
  return texts.length > 1 && each.arity !== "repeatable" ? [`${where}: given ${texts.length} times`] : [];
}
