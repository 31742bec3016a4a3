import { systemClock } from "@kasbah/runtime";
import { differenceOf } from "../output/compare.ts";
import type { CommandStep } from "../page/steps.ts";
import { isQuery } from "./queries.ts";
import type { CommandOutcome, Terminal } from "./terminal.ts";

/** The deadline of a command, long enough for a heavily loaded machine. */
const commandMs = 240_000;
/** How long a query is repeated: what it asks for may take a moment to appear. */
const patienceMs = 45_000;
/** How long a program may take to start or to stop. */
export const startMs = 90_000;
const pauseMs = 300;

/** Runs a command; returns what is wrong, if anything. A query is repeated until nothing is. */
export async function runCommandStep(terminal: Terminal, step: CommandStep): Promise<string | undefined> {
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

/** A command that stays running starts when it has printed what the page shows, and a daemon of kasbah when it is ready. */
async function problemOfStart(terminal: Terminal, step: CommandStep): Promise<string | undefined> {
  const isDaemon = /^\s*kasbah-(server|agent)\b(?!.* (status|wait|fetch|rotate)\b)/.test(step.text);
  const shown = [...(step.expected ?? []), "…"];
  const hasStarted = ({ printed }: CommandOutcome) =>
    (!isDaemon || printed.includes("daemon started")) && differenceOf(printed, shown) === undefined;
  const outcome = await terminal.until((seen) => seen.code !== undefined || hasStarted(seen), startMs);
  const { code, printed } = outcome;
  if (code !== undefined && code !== 0) return `ended with exit code ${code}${tailOf(printed)}`;
  if (hasStarted(outcome)) return undefined;
  const difference = differenceOf(printed, shown);
  return difference === undefined
    ? `did not become ready within ${startMs / 1000} s${tailOf(printed)}`
    : `the page (-) and the output (+) differ:\n${difference}`;
}

/** The output of a background job would mix with that of later commands. */
function typedText({ text, staysRunning, terminal, line }: CommandStep): string {
  if (!staysRunning || terminal > 1 || text.includes(">")) return text;
  return text.replace(/&\s*(#.*)?$/, `>"$HOME/background-${line}.log" 2>&1 &`);
}

/** The end of an output, without the rest of its longest lines. */
export function tailOf(printed: string): string {
  const lines = printed.trimEnd().split("\n").slice(-8);
  if (printed.trim() === "") return ", without output";
  return `:\n${lines.map((line) => `    ${line.slice(0, 400)}`).join("\n")}`;
}
