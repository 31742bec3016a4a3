import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { serverCommand, serverOptions } from "../config.ts";

/** The command line of a CA that has not been started. */
export interface ServerStart {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A reason for which `kasbah-server` would not start. */
export interface ArgumentProblem {
  /** With its dashes; undefined if the problem is about no flag. */
  readonly flag: string | undefined;
  /** The variable that has the value, unless the command line has it. */
  readonly variable: string | undefined;
  /** What was expected and found. */
  readonly problem: string;
}

/**
 * Reads the arguments as `kasbah-server` does at its start, without any file. If they name a configuration file, only
 * the server can judge them, because the other settings are in that file.
 */
export function argumentProblems({ argv, env }: ServerStart): readonly ArgumentProblem[] {
  if (namesFile(argv, env)) return [];
  try {
    const readFile = () => "";
    loadConfig(serverCommand(""), serverOptions({ isRoot: false, env }), { argv, env, readFile });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    return error.problems.map(problemOf);
  }
}

function namesFile(argv: readonly string[], env: ServerStart["env"]): boolean {
  return (env["KASBAH_CONFIG"] ?? "") !== "" || argv.some((text) => /^--config(=|$)/.test(text));
}

/** Every problem of a configuration begins with its flag, and with the source of the value if a value is wrong. */
const grammar = /^(--[a-z0-9-]+)(?: \(from (?:the command line|environment (\w+))\))?: ([\s\S]+)$/;

function problemOf(text: string): ArgumentProblem {
  const [, flag, variable, problem = text] = grammar.exec(text) ?? [];
  if (flag !== undefined) return { flag, variable, problem };
  const [, unknown] = /^unknown flag "(--[^"]*)"/.exec(text) ?? [];
  return { flag: unknown, variable: undefined, problem: text };
}
