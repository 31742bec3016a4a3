import type { Command, Option } from "commander";
import { initOptions } from "../../packages/ca-server/src/offline/init.ts";
import { programFlagsOf } from "../../packages/cli/src/reach.ts";
import { kasbahProgram } from "../reference/cli/program.ts";
import type { CompletedCommand, CompletedFlag } from "./completed-command.ts";
import { settingFlags } from "./daemon-commands.ts";
import { valueKind } from "./value-kind.ts";

/** `kasbah` and every command below it that its help lists. */
export function operatorCommands(): readonly CompletedCommand[] {
  const program = kasbahProgram();
  return commandsFrom(program, "kasbah", program);
}

function commandsFrom(command: Command, path: string, program: Command): readonly CompletedCommand[] {
  const below = command.createHelp().visibleCommands(command);
  const own = {
    path,
    commands: below.map((each) => ({ word: each.name(), help: each.description() })),
    flags: [...flagsOf(command), ...programFlags(command, program), ...settingsOf(path)],
    values: command.registeredArguments.map((argument) =>
      valueKind(`${path} ${argument.name()}`, argument.name(), argument.argChoices),
    ),
  };
  const named = below.filter((each) => each.name() !== "help");
  return [own, ...named.flatMap((each) => commandsFrom(each, `${path} ${each.name()}`, program))];
}

function flagsOf(command: Command): readonly CompletedFlag[] {
  return command.createHelp().visibleOptions(command).flatMap(flagsIn);
}

/** The flags of `kasbah` that a command accepts too. The program lists them as its own. */
function programFlags(command: Command, program: Command): readonly CompletedFlag[] {
  if (command === program) return [];
  const names = programFlagsOf(command);
  return program.options.filter(({ long }) => names.includes(`${long}`)).flatMap(flagsIn);
}

/** A flag may have a short name. */
function flagsIn({ short, long, flags, description, argChoices }: Option): readonly CompletedFlag[] {
  const [, name] = /[<[]([^>\]]+?)(?:\.\.\.)?[>\]]/.exec(flags) ?? [];
  const value = name === undefined ? undefined : valueKind(`${long}`, name, argChoices);
  return [short, long].flatMap((word) => (word ? [{ word, help: description, value }] : []));
}

/** `kasbah init` has the settings of the server, which commander does not know. */
function settingsOf(path: string): readonly CompletedFlag[] {
  return path === "kasbah init" ? settingFlags(Object.values(initOptions({ isRoot: true, env: {} }))) : [];
}
