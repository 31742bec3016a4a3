import type { Option } from "commander";
import { code } from "../markdown.ts";

type Marked = (text: string) => string;

/** A row of a table of flags. A default that --help prints at the end of the meaning moves to its own column. */
export function optionRow(option: Option, marked: Marked): readonly string[] {
  const { meaning, note } = splitDescription(option.description);
  const choices = option.argChoices === undefined ? "" : `: ${option.argChoices.map(code).join(", ")}`;
  return [
    code(option.flags),
    defaultOf(option) || (note.includes(" ") || note === "required" ? marked(note) : code(note)),
    `${marked(meaning)}${choices}`,
  ];
}

function splitDescription(description: string): { readonly meaning: string; readonly note: string } {
  const required = " (required)";
  if (description.endsWith(required))
    return { meaning: description.slice(0, -required.length), note: "required" };
  const [whole, variable, note] = / \((?:(env: \w+), )?default: ([^()]+)\)$/.exec(description) ?? [];
  if (whole === undefined || note === undefined) return { meaning: description, note: "" };
  const meaning = description.slice(0, -whole.length);
  return { meaning: variable === undefined ? meaning : `${meaning} (${variable})`, note };
}

function defaultOf({ defaultValue, defaultValueDescription, mandatory }: Option): string {
  if (defaultValueDescription !== undefined) return code(defaultValueDescription);
  if (mandatory && defaultValue === undefined) return "required";
  const isNothing = defaultValue === undefined || defaultValue === false || Array.isArray(defaultValue);
  return isNothing ? "" : code(String(defaultValue));
}
