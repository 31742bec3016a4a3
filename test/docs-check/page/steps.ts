import type { Fence, Page } from "./page.ts";
import { readCommand } from "./shell-lines.ts";

export interface CommandStep {
  readonly kind: "command";
  readonly line: number;
  readonly text: string;
  readonly terminal: number;
  /** Whether the page goes on while the command runs: it ends with `&`, or has a terminal of its own. */
  readonly staysRunning: boolean;
  readonly exits: number;
  /** The lines that the page shows; undefined if it shows none. */
  readonly expected: readonly string[] | undefined;
}

export interface FileStep {
  readonly kind: "file";
  readonly line: number;
  readonly name: string;
  readonly text: string;
}

export type PageStep = CommandStep | FileStep;

/** What a reader of the page does, in order. */
export function stepsOf(page: Page): readonly PageStep[] {
  const steps: PageStep[] = [];
  for (const item of page.items) {
    if (item.kind === "hidden") steps.push(...shellSteps({ ...hidden, lines: item.lines, line: item.line }));
    else if (item.untested !== undefined || item.by !== undefined) continue;
    else if (item.file !== undefined)
      steps.push({ kind: "file", line: item.line, name: item.file, text: `${item.lines.join("\n")}\n` });
    else if (item.language === "sh") steps.push(...shellSteps(inTerminal(item)));
    else if (item.language === "console") steps.push(...consoleSteps(inTerminal(item)));
    else if (item.language === "output") showOutput(steps, item, page.path);
  }
  return steps.map((step) => withPlaceholders(step, page.placeholders));
}

type Block = Pick<Fence, "line" | "lines" | "terminal" | "exits">;

const hidden = { terminal: 1, exits: 0 };

/** The first line `# terminal 2` names the terminal too, for pages that readers see as they are. */
function inTerminal(fence: Fence): Block {
  const [, terminal] = /^# terminal (\d+)$/.exec(fence.lines[0] ?? "") ?? [];
  if (terminal === undefined) return fence;
  return { ...fence, line: fence.line + 1, lines: fence.lines.slice(1), terminal: Number(terminal) };
}

function shellSteps(block: Block): CommandStep[] {
  const steps: CommandStep[] = [];
  for (let at = 0; at < block.lines.length; ) {
    const line = block.lines[at] ?? "";
    if (line.trim() === "" || line.startsWith("#")) {
      at += 1;
      continue;
    }
    const { text, length } = readCommand(block.lines.slice(at));
    steps.push(commandStep(block, at, text, undefined));
    at += length;
  }
  return endingAs(block, steps);
}

function consoleSteps(block: Block): CommandStep[] {
  const steps: CommandStep[] = [];
  for (let at = 0; at < block.lines.length; ) {
    if (!block.lines[at]?.startsWith("$ "))
      throw new RangeError(`line ${block.line + at}: a console block begins with a command: $ …`);
    const rest = [block.lines[at]?.slice(2) ?? "", ...block.lines.slice(at + 1)];
    const { text, length } = readCommand(rest.map((line) => line.replace(/^> /, "")));
    const next = block.lines.findIndex((line, index) => index >= at + length && line.startsWith("$ "));
    const end = next < 0 ? block.lines.length : next;
    steps.push(commandStep(block, at, text, block.lines.slice(at + length, end)));
    at = end;
  }
  return endingAs(block, steps);
}

function commandStep(block: Block, at: number, text: string, expected: CommandStep["expected"]): CommandStep {
  return {
    kind: "command",
    line: block.line + at,
    text,
    terminal: block.terminal,
    staysRunning: /(?<!&)&\s*(#.*)?$/.test(text),
    exits: 0,
    expected,
  };
}

/** The last command of a block has its exit code, and stays running in a terminal of its own. */
function endingAs({ exits, terminal }: Block, steps: CommandStep[]): CommandStep[] {
  return steps.map((step, index) =>
    index < steps.length - 1 ? step : { ...step, exits, staysRunning: step.staysRunning || terminal > 1 },
  );
}

/** A block of output belongs to the command before it. */
function showOutput(steps: PageStep[], fence: Fence, path: string): void {
  const last = steps.pop();
  if (last?.kind !== "command" || last.expected !== undefined)
    throw new RangeError(`${path}:${fence.line}: no command stands before this output`);
  steps.push({ ...last, expected: fence.lines });
}

function withPlaceholders<S extends PageStep>(step: S, values: ReadonlyMap<string, string>): S {
  const text = step.text.replace(/<([\w-]+)>/g, (whole, name) => values.get(name) ?? whole);
  return { ...step, text };
}
