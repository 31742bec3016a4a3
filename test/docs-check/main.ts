import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadPage, pagePaths, readPage } from "./page/find-pages.ts";
import type { Page } from "./page/page.ts";
import { checkPages, type PageResult } from "./run/check-pages.ts";
import { whyNoSandbox } from "./run/sandbox.ts";
import { findProblems } from "./static/find-problems.ts";
import { allowedUntested, untestedIn, untestedProblems } from "./static/untested.ts";

const usage = `npm run docs:check -- [--list-untested] [page]...
Runs every command of the pages in the order of the page, and compares what it prints with what the page shows.
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      "list-untested": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values.help) return say(usage);
  const paths = chosen(positionals);
  const problems = [...findProblems(paths.map((path) => ({ path, text: readPage(path) })))];
  if (problems.length > 0) return finish([], problems, 0);
  const pages = paths.map(loadPage);
  listUntested(pages);
  if (values["list-untested"]) return;
  if (positionals.length === 0) problems.push(...untestedProblems(pages, allowedUntested()));
  const missing = whyNoSandbox();
  const results = missing === undefined ? await checkPages(pages, say) : [];
  if (missing !== undefined) say(`no page was run: ${missing}`);
  finish(results, problems, missing === undefined ? 0 : pages.length);
}

function chosen(paths: readonly string[]): readonly string[] {
  const known = pagePaths();
  const unknown = paths.filter((path) => !known.includes(path));
  if (unknown.length > 0) throw new RangeError(`no such page: ${unknown.join(", ")}\n${usage}`);
  return paths.length > 0 ? paths : known;
}

function listUntested(pages: readonly Page[]): void {
  const untested = pages.flatMap((page) => untestedIn(page).map((fence) => ({ page, fence })));
  const elsewhere = pages.flatMap(({ items }) => items.filter((item) => item.kind === "fence" && item.by));
  say(`${elsewhere.length} blocks are run by tests of other suites, and ${untested.length} are untested:`);
  for (const { page, fence } of untested) say(`  ${page.path}:${fence.line}  ${fence.untested}`);
}

/** Prints the failures last, and adds the counts to those of the other suites in `.ci/run`. */
function finish(results: readonly PageResult[], problems: readonly string[], notRun: number): void {
  const failures = [...problems, ...results.flatMap(({ report }) => report ?? [])];
  const skipped = notRun + results.filter(({ isSkipped }) => isSkipped).length;
  const passed = results.length + notRun + problems.length - failures.length - skipped;
  const { KASBAH_TEST_TALLY: tally, KASBAH_TEST_FAILURES: kept } = process.env;
  if (tally) appendFileSync(tally, `${passed} ${failures.length} ${skipped}\n`);
  for (const failure of failures) {
    say(`\n${failure}`);
    if (kept) appendFileSync(kept, `failed: ${failure}\n`);
  }
  say(`\n${passed} pages passed, ${failures.length} failed, ${skipped} skipped`);
  if (failures.length > 0) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
