import { profiles } from "../../packages/cli/src/install/values/profiles.ts";
import type { ValueKind } from "./completed-command.ts";

/** The names by which flags and arguments announce their values. */
const kindOfName: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ...["file", "path", "target", "certificate", "chain", "file|url"].map((name) => [name, "file"] as const),
  ...["dir", "directory", "folder", "directory|secret"].map((name) => [name, "directory"] as const),
  ["code", "code"],
  ["reference|trace|code|spiffe-id", "code"],
  ["command", "program"],
  ["true|false", "words:true,false"],
]);

/** Flags and arguments of which the name of the value does not tell enough. */
const kindOfPlace: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ["--context", "context"],
  ["--agent", "workload"],
  ["--profile", `words:${Object.keys(profiles).join(",")}`],
  ["kasbah authority recall id", "authority"],
  ["kasbah authority distrust id", "authority"],
]);

/** The kind of a value. `place` is its flag, or its command and its name. */
export function valueKind(place: string, name: string, choices: readonly string[] = []): ValueKind {
  if (choices.length > 0) return `words:${choices.join(",")}`;
  return kindOfPlace.get(place) ?? kindOfName.get(name) ?? "text";
}

/** The words that the form of a setting lists, such as `auto, json or pretty`. */
export function wordsOf(form: string): readonly string[] {
  const isList = /^[\w-]+(?:, [\w-]+)* or [\w-]+$/.test(form);
  return isList ? form.split(/, | or /) : [];
}
