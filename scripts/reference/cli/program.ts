import { PassThrough } from "node:stream";
import type { Command, Option } from "commander";
import { createProgram } from "../../../packages/cli/src/program.ts";
import { systemClock } from "../../../packages/runtime/src/index.ts";

/** The command line of `kasbah`, of which nothing is run. */
export function kasbahProgram(): Command {
  const screen = { write: () => undefined, colour: false, interactive: false };
  return createProgram({
    ...{ version: "", screen },
    ...{ drained: async () => undefined, env: {}, clock: systemClock, isRoot: true, pid: 0, hostname: "" },
    ...{ operator: "", stderr: new PassThrough(), setExitCode: () => undefined },
    ...{ uid: 0, cwd: "/", hasTerminal: false, kill: () => undefined },
    ...{ nodePath: "", platform: "linux", arch: "x64", temporaryDirectory: "" },
    newSecret: () => "",
    signal: new AbortController().signal,
  });
}

/** The commands below a command that `--help` lists, each with the name that a user types. */
export function commandsBelow(command: Command, path: string): readonly NamedCommand[] {
  return command.commands
    .filter((each) => each.name() !== "help")
    .flatMap((each) => {
      const name = `${path} ${each.name()}`;
      return [{ name, command: each }, ...commandsBelow(each, name)];
    });
}

/** A command and its path. */
export interface NamedCommand {
  readonly name: string;
  readonly command: Command;
}

/** The options of a command that its help shows, without `--help`. */
export function shownOptions({ options }: Command): readonly Option[] {
  return options.filter(({ hidden }) => !hidden);
}

/** The text that `--help` prints below the flags. */
export function textAfterHelp(command: Command): string {
  let text = "";
  const writeOut = (part: string) => {
    text += part;
  };
  command.configureOutput({ writeOut });
  command.outputHelp();
  return text.slice(command.helpInformation().length);
}
