import { command as agentCommand } from "../../packages/agent/src/config/command.ts";
import { options as agentOptions } from "../../packages/agent/src/config/options.ts";
import { serverCommand, serverOptions } from "../../packages/ca-server/src/config/config.ts";
import { generalFlags } from "../../packages/runtime/src/config/general-flags.ts";
import { commonOptions, type Option, type OptionTable } from "../../packages/runtime/src/config/index.ts";
import { describedAgentCommands } from "../reference/cli/agent-commands.ts";
import type { CompletedCommand, CompletedFlag, ValueKind } from "./completed-command.ts";
import { valueKind, wordsOf } from "./value-kind.ts";

/** `kasbah-server`, `kasbah-agent` and the agent's commands. */
export function daemonCommands(): readonly CompletedCommand[] {
  const agents = describedAgentCommands.map(({ command, options }) => daemon(command.name, options.all, []));
  const words = describedAgentCommands.map(({ command: { name, summary } }) => ({
    word: name.slice(agentCommand.name.length + 1),
    help: summary,
  }));
  return [
    daemon(serverCommand("").name, serverOptions({ isRoot: true, env: {} }), []),
    daemon(agentCommand.name, agentOptions, words),
    ...agents,
  ];
}

/** The flags of settings, whose form tells which values they take. */
export function settingFlags(settings: readonly Option<unknown>[]): readonly CompletedFlag[] {
  return settings.map(({ name, spec }) => ({ word: `--${name}`, help: spec.help, value: kindOf(spec) }));
}

function daemon(
  path: string,
  settings: OptionTable,
  commands: CompletedCommand["commands"],
): CompletedCommand {
  const all = [...Object.values(settings), ...Object.values(commonOptions)];
  return { path, commands, flags: [...settingFlags(all), ...general], values: [] };
}

const general: readonly CompletedFlag[] = generalFlags.flatMap(({ flag, help }) => {
  const [names = "", name] = flag.split(" <");
  const value = name === undefined ? undefined : valueKind(names, name.slice(0, -1));
  return names.split(", ").map((word) => ({ word, help, value }));
});

function kindOf({ flag, schema }: Option<unknown>["spec"]): ValueKind | undefined {
  const [word = "", name] = flag.split(/ <|>$/);
  return name === undefined ? undefined : valueKind(word, name, wordsOf(schema.kind));
}
