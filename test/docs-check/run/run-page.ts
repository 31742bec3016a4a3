import type { CommandStep, FileStep, PageStep } from "../page/steps.ts";
import { runCommandStep, startMs, tailOf } from "./run-command.ts";
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
