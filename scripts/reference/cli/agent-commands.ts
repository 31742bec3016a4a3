import { doctorDescription, doctorOptions } from "../../../packages/agent/src/commands/doctor/options.ts";
import { fetchCommand, fetchOptions } from "../../../packages/agent/src/commands/fetch-options.ts";
import {
  statusCommand,
  statusOptions,
  waitCommand,
  waitOptions,
} from "../../../packages/agent/src/commands/options.ts";
import { rotateNowCommand, rotateNowOptions } from "../../../packages/agent/src/commands/rotate-options.ts";
import { agentCommandNames } from "../../../packages/agent/src/commands/run-command.ts";
import { command as daemon } from "../../../packages/agent/src/config/command.ts";
import { serverCommand } from "../../../packages/ca-server/src/config/config.ts";
import { optionTable } from "../config/page.ts";
import { code, marked, table } from "../markdown.ts";

/** The commands of the agent with their settings. */
export const describedAgentCommands = [
  { command: waitCommand, options: waitOptions },
  { command: statusCommand, options: statusOptions },
  { command: rotateNowCommand, options: rotateNowOptions },
  { command: fetchCommand, options: fetchOptions },
  { command: doctorDescription, options: doctorOptions },
];

/** The daemons and the agent's commands, which share one table of settings. */
export function agentCommands(): string {
  const names = describedAgentCommands.map(({ command: { name } }) => name.split(" ")[1]);
  if (names.toSorted().join() !== agentCommandNames.toSorted().join())
    throw new Error(`expected the agent's commands ${agentCommandNames}, described ${names}`);
  const sections = describedAgentCommands.map(
    ({ command, options }) =>
      `### ${command.name}\n\n${marked(command.summary)}\n\n${optionTable(Object.values(options.own), {})}\n${exitCodeTable(command)}${examplesText(command.examples)}`,
  );
  return [daemonSection(serverCommand("")), daemonSection(daemon), accepted, ...sections].join("\n");
}

const accepted =
  "Each command of the agent also accepts the agent's own flags, variables and configuration file, so the arguments of the agent can be passed to it unchanged.\n";

function daemonSection(described: Described): string {
  const { name, summary, examples } = described;
  const settings = `Its settings are in [Configuration](reference/config.md#${name}).`;
  return `## ${name}\n\n${marked(summary)} ${settings}\n\n${exitCodeTable(described)}${examplesText(examples)}`;
}

/** Of a command whose settings are options of the runtime. */
export function exitCodeTable({ exitCodes = {} }: Pick<Described, "exitCodes">): string {
  const rows = Object.entries(exitCodes).map(([exit, meaning]) => [exit, marked(meaning)]);
  return rows.length === 0 ? "" : `${table(["exit code", "meaning"], rows)}\n`;
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly exitCodes?: Readonly<Record<number, string>>;
}

/** An example that ends with a backslash goes on in the next one. */
function examplesText(examples: readonly string[]): string {
  const whole = examples
    .join("\n")
    .replaceAll(/ \\\n */g, " ")
    .split("\n");
  return `Examples:\n\n${whole.map((each) => `- ${code(each)}\n`).join("")}`;
}
