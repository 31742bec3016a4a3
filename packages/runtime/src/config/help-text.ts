import type { Command } from "./command.ts";
import { generalFlags } from "./general-flags.ts";
import type { Option, OptionTable } from "./option.ts";

const width = 110;
const general = "General";

interface Row {
  readonly group: string;
  readonly flag: string;
  /** Words that are never broken across lines. */
  readonly words: readonly string[];
}

/** The text of `--help`: each option with its default and its environment variable, then examples. */
export function helpText<O extends OptionTable>(
  command: Command<O>,
  options: readonly Option<unknown>[],
): string {
  const rows: readonly Row[] = [
    ...options.map(rowOf),
    ...generalFlags.map(({ flag, help }) => ({ group: general, flag, words: help.split(/ (?![^[]*\])/) })),
  ];
  const indent = Math.max(...rows.map(({ flag }) => flag.length)) + 4;
  const groups = [...new Set(rows.map(({ group }) => group))].map((group) => {
    const lines = rows.filter((row) => row.group === group).map((row) => render(row, indent));
    return `${group}:\n${lines.join("")}\n`;
  });
  const examples = command.examples.map((example) => `  ${example}\n`).join("");
  const exits = Object.entries(command.exitCodes ?? {}).map(([code, meaning]) => `  ${code}  ${meaning}\n`);
  return [
    `Usage: ${command.name} [flags]\n\n${wrap(command.summary.split(" "), 0)}\n\n`,
    ...groups,
    "The first of these that has a value counts: flag, environment variable, configuration file, default.\n",
    "The file is YAML; its keys are the names of the flags without leading dashes.\n",
    exits.length === 0 ? "" : `\nExit codes:\n${exits.join("")}`,
    examples === "" ? "" : `\nExamples:\n${examples}`,
  ].join("");
}

function rowOf({ spec, arity }: Option<unknown>): Row {
  const fallback = spec.defaultHelp ?? spec.default;
  const notes = [
    ...(arity === "repeatable" ? ["repeatable"] : []),
    ...(fallback === undefined || fallback === "" ? [] : [`default: ${fallback}`]),
    ...(fallback === undefined && arity === "required" ? ["required"] : []),
    `env: ${spec.env}`,
  ];
  const words = [...spec.help.split(" "), ...`[${notes.join(";\n")}]`.split("\n")];
  return { group: spec.group ?? "Options", flag: spec.flag, words };
}

function render({ flag, words }: Row, indent: number): string {
  return `${`  ${flag}`.padEnd(indent)}${wrap(words, indent)}\n`;
}

/**
 * Wraps words into lines; continuation lines start at the same column. A default that is longer than a line
 * stays whole.
 */
function wrap(words: readonly string[], indent: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && indent + line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
