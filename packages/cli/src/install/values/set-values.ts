import { ConfigInvalidError } from "@kasbah/runtime";
import { readYamlDocument } from "@kasbah/runtime/yaml";
import { z } from "zod";
import { defaultOf } from "./values.ts";

type Layer = Readonly<Record<string, unknown>>;

/**
 * Parses `ca.logLevel=debug` into a layer of values. The text is YAML, unless the value is a string: then it
 * is literal.
 *
 * @throws ConfigInvalidError
 */
export function parseSetting(setting: string): Layer {
  const { path, text } = splitSetting("--set", setting);
  return nested(
    path,
    typeof defaultOf(path) === "string" ? text : parseYaml(`--set ${path.join(".")}`, text),
  );
}

/**
 * Parses `policy.text=policy.yaml` into a layer of values with the contents of the file. @throws
 * ConfigInvalidError
 */
export function parseFileSetting(setting: string, readFile: (path: string) => string): Layer {
  const { path, text } = splitSetting("--set-file", setting);
  return nested(path, readFile(text));
}

/** Parses a values file, in the same format as Helm's, into a layer of values. @throws ConfigInvalidError */
export function parseValuesFile(file: string, readFile: (path: string) => string): unknown {
  return parseYaml(file, readFile(file)) ?? {};
}

function splitSetting(flag: string, setting: string): { path: readonly string[]; text: string } {
  const at = setting.indexOf("=");
  if (at < 1) throw new ConfigInvalidError([`${flag} ${setting}: expected <name>=<value>`]);
  const name = setting.slice(0, at);
  const path = name.split(".");
  if (defaultOf(path) === undefined && defaultOf(path.slice(0, -1)) === undefined) {
    throw new ConfigInvalidError([
      `${flag} ${name}: unknown value; deploy/helm/kasbah/README.md lists all values`,
    ]);
  }
  return { path, text: setting.slice(at + 1) };
}

function nested(path: readonly string[], value: unknown): Layer {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Layer;
}

function parseYaml(name: string, text: string): unknown {
  const outcome = readYamlDocument(name, text, z.unknown());
  if (outcome.ok) return outcome.value;
  throw new ConfigInvalidError(outcome.problems);
}
