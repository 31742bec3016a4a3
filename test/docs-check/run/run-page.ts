import { systemClock } from "@kasbah/runtime";
import { differenceOf } from "../output/compare.ts";
import type { CommandStep, FileStep, PageStep } from "../page/steps.ts";
import { isQuery } from "./queries.ts";
import type { Sandbox } from "./sandbox.ts";
import { type CommandOutcome, Terminal } from "./terminal.ts";

/** A step that does not do what its page says. */
export interface PageFailure {
  readonly line: number;
  readonly command: string;
  readonly problem: string;
}

export interface PageRun {
  readonly sandbox: Sandbox;
  readonly steps: readonly PageStep[];
  /** The folder in which the page begins. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The deadline of a command, long enough for a heavily loaded machine. */
const commandMs = 240_000;
/** How long a query is repeated: what it asks for may take a moment to appear. */
const patienceMs = 8_000;
const startMs = 90_000;
const pauseMs = 300;

/** Runs the steps in order and stops at the first that fails, since the others build on it. */
export async function runSteps(run: PageRun): Promise<PageFailure | undefined> {
  const terminals = new Map<number, Terminal>();
  const running = new Map<number, CommandStep>();
  const terminalOf = (number: number) => {
    const known = terminals.get(number) ?? new Terminal(run.sandbox, run.cwd, run.env);
    terminals.set(number, known);
    return known;
  };
  for (const step of run.steps) {
    if (step.kind === "file") {
      const problem = await writeFileOf(terminalOf(1), step);
      if (problem !== undefined) return { line: step.line, command: step.name, problem };
      continue;
    }
    const terminal = terminalOf(step.terminal);
    if (running.delete(step.terminal)) await interrupt(terminal);
    const problem = await runCommandStep(terminal, step);
    if (problem !== undefined) return { line: step.line, command: step.text, problem };
    if (step.staysRunning && step.terminal > 1) running.set(step.terminal, step);
    const dead = [...running].find(([number]) => isDead(terminalOf(number).outcome));
    if (dead !== undefined) return failureOfDead(dead[1], terminalOf(dead[0]).outcome);
  }
  return undefined;
}

/** The shell writes a file of the page, because the page's folders exist in its namespaces only. */
async function writeFileOf(terminal: Terminal, { name, text }: FileStep): Promise<string | undefined> {
  const base64 = Buffer.from(text).toString("base64");
  terminal.type(`mkdir -p "$(dirname '${name}')" && printf %s ${base64} | base64 -d >'${name}'`);
  const { code, printed } = await terminal.until((outcome) => outcome.code !== undefined, startMs);
  return code === 0 ? undefined : `cannot write the file ${name}${tailOf(printed)}`;
}

async function interrupt(terminal: Terminal): Promise<void> {
  terminal.interrupt();
  await terminal.until(({ code }) => code !== undefined, startMs);
}

/** A program that the page ends with a signal did what it should. */
const isDead = ({ code }: CommandOutcome) => code !== undefined && code !== 0 && code < 128;

function failureOfDead(step: CommandStep, { code, printed }: CommandOutcome): PageFailure {
  return { line: step.line, command: step.text, problem: `ended with exit code ${code}${tailOf(printed)}` };
}

async function runCommandStep(terminal: Terminal, step: CommandStep): Promise<string | undefined> {
  const giveUpAt = systemClock.monotonicMs() + patienceMs;
  for (;;) {
    const problem = await problemOf(terminal, step);
    if (problem === undefined || !isQuery(step.text) || systemClock.monotonicMs() > giveUpAt) return problem;
    await systemClock.sleep(pauseMs);
  }
}

async function problemOf(terminal: Terminal, step: CommandStep): Promise<string | undefined> {
  terminal.type(typedText(step));
  if (step.staysRunning && step.terminal > 1) return problemOfStart(terminal, step);
  const { code, printed } = await terminal.until((outcome) => outcome.code !== undefined, commandMs);
  if (code === undefined) {
    terminal.interrupt();
    return `did not end within ${commandMs / 1000} s${tailOf(printed)}`;
  }
  if (code !== step.exits) return `exit code ${code}, expected ${step.exits}${tailOf(printed)}`;
  if (step.expected === undefined) return undefined;
  const difference = differenceOf(printed, step.expected);
  return difference && `the page (-) and the output (+) differ:\n${difference}`;
}

/** A command that stays running is given until its first output, and a daemon of ours until it is ready. */
async function problemOfStart(terminal: Terminal, step: CommandStep): Promise<string | undefined> {
  const ready = readyMarkOf(step.text);
  const { code, printed } = await terminal.until(
    (outcome) => outcome.code !== undefined || ready.test(outcome.printed),
    startMs,
  );
  if (code !== undefined && code !== 0) return `ended with exit code ${code}${tailOf(printed)}`;
  if (!ready.test(printed)) return `did not become ready within ${startMs / 1000} s${tailOf(printed)}`;
  if (step.expected === undefined) return undefined;
  const difference = differenceOf(printed, [...step.expected, "…"]);
  return difference && `the page (-) and the output (+) differ:\n${difference}`;
}

function readyMarkOf(command: string): RegExp {
  if (/^\s*kasbah dev run\b/.test(command)) return /^dev +\| starting /m;
  const isDaemon = /^\s*kasbah-(server|agent)\b(?!.* (status|wait|fetch|rotate)\b)/.test(command);
  return isDaemon ? /daemon started/ : /^/;
}

/** The output of a background job would mix with that of later commands. */
function typedText({ text, staysRunning, terminal, line }: CommandStep): string {
  if (!staysRunning || terminal > 1 || text.includes(">")) return text;
  return text.replace(/&\s*(#.*)?$/, `>"$HOME/background-${line}.log" 2>&1 &`);
}

/** The end of an output, without the rest of its longest lines. */
function tailOf(printed: string): string {
  const lines = printed.trimEnd().split("\n").slice(-8);
  if (printed.trim() === "") return ", without output";
  return `:\n${lines.map((line) => `    ${line.slice(0, 400)}`).join("\n")}`;
}
