import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CompletedShell } from "../../packages/cli/src/shipped-files.ts";
import { plainCodes } from "../reference/errors/plain-codes.ts";
import type { CompletedCommand, CompletedFlag, CompletedWord } from "./completed-command.ts";
import { daemonCommands } from "./daemon-commands.ts";
import { operatorCommands } from "./operator-commands.ts";

/** The script that completes all three programs in a shell: what is typed there by hand, with the words of the commands. */
export function completionScript(shell: CompletedShell): string {
  const template = readFileSync(fileURLToPath(new URL(`shells/kasbah.${shell}`, import.meta.url)), "utf8");
  const commands = [...operatorCommands(), ...daemonCommands()].map(dialects[shell].command).join("\n");
  const codes = [...new Set(plainCodes().map(({ code }) => code))].toSorted();
  return template
    .replace("#COMMANDS#", () => dialects[shell].all(commands))
    .replace("#CODES#", () => codes.join(" "));
}

interface Dialect {
  /** The branch of one command. */
  readonly command: (command: CompletedCommand) => string;
  /** The function with all branches; it fails for any other command. */
  readonly all: (branches: string) => string;
}

/** A word in single quotes, as bash and zsh read it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** fish has escapes inside single quotes. */
const fishQuoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const withKind = ({ word, value }: CompletedFlag) => (value === undefined ? word : `${word}=${value}`);
/** zsh reads the text before the first colon as the word. */
const described = ({ word, help }: CompletedWord) => quoted(`${word.replaceAll(":", "\\:")}:${help}`);
const tabbed = ({ word, help }: CompletedWord) => fishQuoted(`${word}\t${help}`);
const valued = (flags: readonly CompletedFlag[]) => flags.filter(({ value }) => value !== undefined);

const dialects: Readonly<Record<CompletedShell, Dialect>> = {
  bash: {
    command: ({ path, commands, flags, values }) =>
      `  ${quoted(path)})\n    commands=${quoted(commands.map(({ word }) => word).join(" "))} values='${values.join(" ")}'\n    flags=${quoted(flags.map(withKind).join(" "))} ;;`,
    all: (branches) => `_kasbah_command() {\n  case $1 in\n${branches}\n  *) return 1 ;;\n  esac\n}`,
  },
  zsh: {
    command: ({ path, commands, flags, values }) =>
      `    (${quoted(path)})\n      below=(${commands.map(described).join(" ")})\n      flags=(${flags.map(described).join(" ")})\n      kinds=(${valued(
        flags,
      )
        .map(({ word, value }) => `${word} ${value}`)
        .join(" ")})\n      values=(${values.join(" ")}) ;;`,
    all: (branches) => `_kasbah_command() {\n  case $1 in\n${branches}\n    (*) return 1 ;;\n  esac\n}`,
  },
  fish: {
    command: ({ path, commands, flags, values }) =>
      `        case ${fishQuoted(path)}\n            set commands ${commands.map(tabbed).join(" ")}\n            set flags ${flags.map(tabbed).join(" ")}\n            set kinds ${valued(flags).map(withKind).join(" ")}\n            set values ${values.join(" ")}`,
    all: (branches) =>
      `function __kasbah_command --no-scope-shadowing\n    switch $argv[1]\n${branches}\n        case '*'\n            return 1\n    end\n    return 0\nend`,
  },
};
