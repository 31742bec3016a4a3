import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { patienceMs } from "../until.ts";
import { pathWithKasbah, runbookBlocks } from "./page.ts";

/** A step of a runbook, as its page shows it. */
export type RunbookStep =
  | { readonly kind: "command"; readonly line: string; readonly expected: readonly string[] | undefined }
  /** A file that the page tells the operator to write. */
  | { readonly kind: "policy"; readonly text: string };

export interface RunbookRun {
  /** Where the commands run, and where the policy is written. */
  readonly directory: string;
  readonly stateDir: string;
  /** Called with the arguments of each kubectl command, which has no cluster here. */
  readonly onKubectl: (args: string) => Promise<void>;
}

/**
 * Reads the steps of a page in `docs/runbooks`: each line of a `sh` block is a command, each `$` line of a block
 * without a language is a command followed by its output, and a `yaml` block is the CA's policy file.
 */
export function readRunbook(name: string): readonly RunbookStep[] {
  return runbookBlocks(name).flatMap(({ language, lines }) => {
    if (language === "yaml") return [{ kind: "policy" as const, text: `${lines.join("\n")}\n` }];
    if (language === "sh")
      return lines.map((line) => ({ kind: "command" as const, line, expected: undefined }));
    return commandsOf(lines);
  });
}

function commandsOf(lines: readonly string[]): RunbookStep[] {
  const starts = lines.flatMap((line, index) => (line.startsWith("$ ") ? [index] : []));
  return starts.map((start, n) => ({
    kind: "command",
    line: (lines[start] ?? "").slice(2),
    expected: lines.slice(start + 1, starts[n + 1]),
  }));
}

/** Runs the steps in order. Every command must succeed and print what the page shows. */
export async function runRunbook(steps: readonly RunbookStep[], run: RunbookRun): Promise<void> {
  // A kubectl that only notes its arguments.
  const kubectl = `echo "$*" >> "${join(run.directory, "kubectl.log")}"`;
  const path = await pathWithKasbah(run.directory, { kubectl });
  for (const step of steps) {
    if (step.kind === "policy") await writeFile(join(run.directory, "policy.yaml"), step.text);
    else await runStep(step, path, run);
  }
}

async function runStep(
  { line, expected }: Extract<RunbookStep, { kind: "command" }>,
  path: string,
  { directory, stateDir, onKubectl }: RunbookRun,
): Promise<void> {
  const env = { PATH: path, KASBAH_STATE_DIR: stateDir };
  const giveUpAt = systemClock.monotonicMs() + patienceMs;
  // The CA follows its files and its index within seconds, so a query may be early. An act runs once.
  for (;;) {
    const { out, failure } = await shell(line, directory, env);
    const difference = failure ?? (expected === undefined ? undefined : differenceOf(out, expected));
    if (difference === undefined) break;
    if (line.includes("--yes") || systemClock.monotonicMs() > giveUpAt)
      assert.fail(`${line}\n${difference}\n${out}`);
    await systemClock.sleep(500);
  }
  if (line.startsWith("kubectl ")) {
    const log = (await readFile(join(directory, "kubectl.log"), "utf8")).trim().split("\n");
    await onKubectl(log.at(-1) ?? "");
  }
}

function shell(line: string, cwd: string, env: Record<string, string>) {
  return new Promise<{ readonly out: string; readonly failure: string | undefined }>((resolve) => {
    execFile("/bin/sh", ["-c", line], { cwd, env, timeout: patienceMs }, (error, out, err) => {
      resolve({ out, failure: error === null ? undefined : `failed: ${err}` });
    });
  });
}

/** A line `…` of the page stands for any number of lines. */
function differenceOf(out: string, expected: readonly string[]): string | undefined {
  const lines = out
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(shapeOf);
  let at = 0;
  let maySkip = false;
  for (const wanted of expected.map(shapeOf)) {
    if (wanted === "…") {
      maySkip = true;
      continue;
    }
    const found = lines.indexOf(wanted, at);
    if (found < 0 || (found > at && !maySkip)) return `expected the line ${wanted}, found ${lines[at]}`;
    at = found + 1;
    maySkip = false;
  }
  return at < lines.length && !maySkip ? `unexpected line ${lines[at]}` : undefined;
}

/** What differs in each run is replaced: times, distances, serials and fingerprints, and random names of pods. */
function shapeOf(line: string): string {
  return line
    .trim()
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/\bin (\d+[dhms]+ ?)+|\b(\d+[dhms]+ )+ago|\(now\)/g, "<distance> ")
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "<uid>")
    .replace(/\b[0-9a-f]{12,64}\b/g, "<hex>")
    .replace(/\b([a-z]+)-[a-z0-9]{10}-[a-z0-9]{5}\b/g, "$1-<pod>")
    .replace(/127\.0\.0\.1:\d+/g, "<address>")
    .replace(/\s+/g, " ")
    .replaceAll(" )", ")");
}
