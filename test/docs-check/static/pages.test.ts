import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { temporaryDirectory } from "@kasbah/testkit";
import { stringify } from "yaml";
import { providePromtool, whyNoPromtool } from "../../harness/promtool.ts";
import { repositoryRoot } from "../../harness/repository.ts";
import { loadPage, pagePaths, readPage } from "../page/find-pages.ts";
import type { Page } from "../page/page.ts";
import { findProblems } from "./find-problems.ts";
import { promqlIn } from "./languages.ts";
import { anchorsOf } from "./links.ts";
import { nameKinds } from "./names.ts";
import { allowedUntested, untestedProblems } from "./untested.ts";

/** What the pages of the repository may not contain, found without running a command. */
describe("Pages", () => {
  const paths = pagePaths();

  it("contain only valid blocks, links that lead somewhere, and names that exist", () => {
    assert.deepEqual(findProblems(paths.map((path) => ({ path, text: readPage(path) }))), []);
    for (const { known } of nameKinds()) assert.ok(known.size > 40, `only ${known.size} names`);
  });

  it("name tests that exist, and that read the page, for commands that other suites run", () => {
    for (const path of paths)
      for (const by of testsNamedIn(loadPage(path))) {
        assert.ok(existsSync(join(repositoryRoot, by)), `${path}: ${by} does not exist`);
        const names = [basename(path, ".md"), basename(dirname(path))];
        const text = suiteText(by);
        assert.ok(
          names.some((name) => text.includes(name)),
          `${by} and its helpers do not mention ${path}`,
        );
      }
  });

  it("contain no more untested blocks than the list allows, which only shrinks", () => {
    assert.deepEqual(untestedProblems(paths.map(loadPage), allowedUntested()), []);
    const total = Object.values(allowedUntested()).reduce((sum, count) => sum + count, 0);
    assert.ok(total <= mostUntested, `${total} blocks are untested, more than ${mostUntested}`);
  });

  it("contain only queries that Prometheus accepts", async function () {
    const missing = whyNoPromtool();
    if (missing !== undefined) return this.skip();
    const expressions = paths
      .flatMap((path) => promqlIn(loadPage(path)))
      .filter((line) => line.trim() !== "");
    assert.ok(expressions.length >= 10);
    await using directory = await temporaryDirectory();
    const rules = expressions.map((expr, index) => ({ record: `page:query_${index}`, expr }));
    writeFileSync(directory.join("rules.yaml"), stringify({ groups: [{ name: "pages", rules }] }));
    const promtool = await providePromtool(() => {});
    assert.match(
      execFileSync(promtool, ["check", "rules", directory.join("rules.yaml")], { encoding: "utf8" }),
      /SUCCESS/,
    );
  });
});

const testsNamedIn = ({ items }: Page) =>
  items.flatMap((item) => (item.kind === "fence" && item.by !== undefined ? item.by : []));

/** A test, and the helpers in the folder of its name. */
function suiteText(test: string): string {
  const helpers = globSync(`${test.replace(".test.ts", "")}/*.ts`, { cwd: repositoryRoot });
  return [test, ...helpers].map((path) => readFileSync(join(repositoryRoot, path), "utf8")).join("\n");
}

/** The list only shrinks, and so does this number. */
const mostUntested = 40;

describe("Faults planted in a page", () => {
  const problemsIn = (...lines: string[]) => findProblems([{ path: "docs/x.md", text: lines.join("\n") }]);
  const reports = (sentence: string | RegExp, ...lines: string[]) => {
    const [problem = "no problem", ...more] = problemsIn(...lines);
    assert.deepEqual(more, []);
    if (typeof sentence === "string") assert.equal(problem, sentence);
    else assert.match(problem, sentence);
  };

  it("a flag, a metric or a variable that does not exist is reported with its line", () => {
    reports("docs/x.md:2: the flag --state-dri does not exist", "", "Set `--state-dri` first.");
    reports("docs/x.md:1: the flag --verbos does not exist", "`kasbah why --verbos x`");
    reports("docs/x.md:1: the metric kasbah_refusal does not exist", "alert on `kasbah_refusal`");
    reports("docs/x.md:1: the metric kasbah_refused does not exist", "rate(kasbah_refused[5m])");
    reports("docs/x.md:1: the variable KASBAH_STATE does not exist", "`KASBAH_STATE`");
  });

  it("names that exist are not reported, nor are flags of other programs", () => {
    const lines = [
      "`--state-dir`, `kasbah why --state-dir x`, `KASBAH_STATE_DIR`, `kasbah_refusals{code}`",
      "`kubectl get --show-labels`, `kasbah-agent -- nginx --none`, `kasbah_*`, `rate(kasbah_refusals[5m])`",
    ];
    assert.deepEqual(problemsIn(...lines), []);
  });

  it("a link to a page, a heading or a file that does not exist is reported with its line", () => {
    reports("docs/x.md:2: the link adit.md leads nowhere", "", "[audit](adit.md)");
    reports("docs/x.md:1: the link audit.md#verfy leads nowhere", "[audit](audit.md#verfy)");
    reports("docs/x.md:1: the link #here leads nowhere", "[here](#here)");
    const good = "[a](audit.md#verify-the-ledger) [b](../README.md) [c](https://x.example/y) [d](#title)";
    assert.deepEqual(problemsIn("# Title", good), []);
  });

  it("an invalid policy, JSON or YAML, an unknown language and a command shown as text are reported", () => {
    reports(/^docs\/x\.md:2: .*alow/s, "```yaml", "version: 1", "default: { alow: true }", "```");
    reports(/^docs\/x\.md:2: invalid YAML/, "```yaml", "a: [", "```");
    reports(/^docs\/x\.md:2: /, "```json", "{", "```");
    reports(/^docs\/x\.md:2: unknown language bash/, "```bash", "ls", "```");
    reports(/^docs\/x\.md:1: the block has no language/, "```", "ls", "```");
    reports(/^docs\/x\.md:2: a text block shows the command/, "```text", "$ ls", "```");
    assert.deepEqual(problemsIn("```yaml", "version: 1", "default: { allow: true }", "```"), []);
  });

  it("commands without a setup, or with one that does not exist, are reported", () => {
    reports(/^docs\/x\.md has commands, but no line such as/, "```sh", "ls", "```");
    reports(/^docs\/x\.md: unknown setup cloud/, "<!-- check: cloud -->", "```sh", "ls", "```");
  });

  it("headings get the anchors that GitHub generates", () => {
    const headings =
      "# A `--flag`, and *more* [of it](x.md)\n## Same\n```sh\n# none\n```\n### Same\n## snake_case 1.2";
    assert.deepEqual(anchorsOf(headings), ["a---flag-and-more-of-it", "same", "same-1", "snake_case-12"]);
  });
});
