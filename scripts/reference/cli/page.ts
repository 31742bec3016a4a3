import type { Argument, Command, Option } from "commander";
import { initOptions, initStateCommand } from "../../../packages/ca-server/src/offline/init.ts";
import { programFlagsOf } from "../../../packages/cli/src/reach.ts";
import { optionTable } from "../config/page.ts";
import { code, fromSubfolder, table } from "../markdown.ts";
import { agentCommands, exitCodeTable } from "./agent-commands.ts";
import { markedWith } from "./command-names.ts";
import { type HelpBlock, type HelpItem, helpBlocks } from "./help-blocks.ts";
import { optionRow } from "./option-row.ts";
import { commandsBelow, kasbahProgram, type NamedCommand, shownOptions, textAfterHelp } from "./program.ts";

const intro = `# Commands

This page lists the commands of \`kasbah\`, the operator's command, and of \`kasbah-agent\`. The settings of the daemons \`kasbah-server\` and
\`kasbah-agent\` are in [Configuration](reference/config.md). \`--help\` after any command prints the same text.

`;

const exitCodes = `## Exit codes

A command that has codes of its own lists them.

${table(
  ["exit code", "meaning"],
  [
    ["0", "success"],
    ["1", "failure: the last line on standard error ends with a [code](reference/errors.md)"],
    ["2", "the command line or a setting is invalid: nothing was done"],
    ["130", "interrupted by Ctrl-C, or the reader of the output closed it"],
  ],
)}`;

const output = `## Output

On a terminal, colors show severity and expiry: red needs action now, yellow soon. Tables fit the terminal: dates become distances such as
\`in 3h\`, and long names and fingerprints lose their middle (\`…\`). \`--wide\` shows everything. In a pipe or a file, text is complete and without color;
\`--json\` has every value with exact UTC times, and is what scripts should read. \`NO_COLOR=1\` turns colors off.
`;

const marked = markedWith([
  "kasbah-server",
  "kasbah-agent",
  ...commandsBelow(kasbahProgram(), "kasbah").map(({ name }) => name),
]);

/** docs/reference/cli.md */
export function cliPage(): string {
  const program = kasbahProgram();
  const commands = commandsBelow(program, "kasbah").map((each) => commandSection(each));
  const top = `${output}\n## kasbah\n\n${sentence(program.description())}\n\n${optionRows(shownOptions(program))}\n${blocksText(textAfterHelp(program))}`;
  return fromSubfolder([intro + exitCodes, top, ...commands, agentCommands()].join("\n"));
}

function commandSection({ name, command }: NamedCommand): string {
  if (name === "kasbah init") return initSection(name, command);
  const shared = programFlagsOf(command).map((flag) => code(flag));
  const parts = [
    `### ${name}\n\n${sentence(command.description())}\n`,
    `Usage: ${code(`${name} ${command.usage()}`.trim())}\n`,
    argumentRows(command.registeredArguments),
    optionRows(shownOptions(command)),
    shared.length === 0 || command.commands.length > 0
      ? ""
      : `It also accepts ${shared.join(", ")} of [kasbah](#kasbah).\n`,
    blocksText(textAfterHelp(command)),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** It has the server's flags, which commander does not know. */
function initSection(name: string, command: Command): string {
  const options = Object.values(initOptions({ isRoot: true, env: {} }));
  const { summary, examples, ...init } = initStateCommand("");
  const items = examples.map((term) => ({ term: `$ ${term}`, meaning: "" }));
  return `### ${name}\n\n${sentence(command.description())}\n\n${marked(summary)}\n\n${optionTable(options, {})}\n${exitCodeTable(init)}${listText("Examples", items)}`;
}

function argumentRows(all: readonly Argument[]): string {
  const rows = all.map((each) => [
    code(each.required ? `<${each.name()}>` : `[${each.name()}]`),
    marked(each.description),
  ]);
  return rows.length === 0 ? "" : table(["argument", "meaning"], rows);
}

function optionRows(all: readonly Option[]): string {
  const rows = all.map((each) => optionRow(each, marked));
  return rows.length === 0 ? "" : table(["flag", "default", "meaning"], rows);
}

function blocksText(help: string): string {
  return helpBlocks(help).map(blockText).join("\n");
}

function blockText(block: HelpBlock): string {
  return block.kind === "text" ? `${marked(block.text)}\n` : listText(block.title, block.items);
}

function listText(title: string, items: readonly HelpItem[]): string {
  if (title === "Exit codes") {
    return table(
      ["exit code", "meaning"],
      items.map(({ term, meaning }) => [term, marked(meaning)]),
    );
  }
  const lines = items.map(({ term, meaning }) => {
    const shown = code(term.replace(/^\$ /, ""));
    return `- ${shown}${meaning === "" ? "" : `: ${marked(meaning)}`}\n`;
  });
  return `${title === "" ? "" : `${title}:\n\n`}${lines.join("")}`;
}

function sentence(text: string): string {
  return `${marked(text.charAt(0).toUpperCase() + text.slice(1))}.`.replace(/\.\.$/, ".");
}
