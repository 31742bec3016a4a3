import { fileURLToPath } from "node:url";
import { findRegressions, ratiosOf } from "./check/ratios.ts";
import { acceptRatios, readRatios } from "./check/ratios-file.ts";
import { ours } from "./command/contenders.ts";
import { type Options, parseOptions, usage } from "./command/options.ts";
import { createProgress } from "./command/progress.ts";
import { runSuites } from "./command/run.ts";
import { suites } from "./command/suites.ts";
import { renderResult } from "./report/render.ts";
import { type Result, writeResult } from "./report/result.ts";

const options = readOptions();
if (options.help) {
  process.stdout.write(usage(suites));
} else {
  const chosen = suites.filter(({ name }) => options.suites.length === 0 || options.suites.includes(name));
  const progress = createProgress(process.stderr);
  const result = await runSuites(chosen, options, progress).finally(() => progress.end());
  const path =
    options.json ?? fileURLToPath(new URL(`out/${result.time.replaceAll(":", "-")}.json`, import.meta.url));
  writeResult(path, result);
  process.stdout.write(`${renderResult(result, ours)}\nFigures: ${path}\n`);
  judge(result, options);
}

function readOptions(): Options {
  try {
    return parseOptions(
      process.argv.slice(2),
      suites.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(
      `bench: ${error instanceof Error ? error.message : error}\nSee npm run bench -- --help\n`,
    );
    process.exit(2);
  }
}

function judge({ rows }: Result, { check, accept }: Options): void {
  const measured = ratiosOf(rows, ours);
  if (accept) acceptRatios(measured);
  if (!check) return;
  const regressions = findRegressions(measured, readRatios());
  for (const { row, was, is } of regressions) {
    process.stdout.write(`slower: ${row}: ${is} × openssl, was ${was}\n`);
  }
  if (regressions.length > 0) process.exitCode = 1;
  else
    process.stdout.write(
      `no ratio is worse than in bench/ratios.json (${Object.keys(measured).length} compared)\n`,
    );
}
