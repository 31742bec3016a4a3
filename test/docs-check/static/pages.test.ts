import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { temporaryDirectory } from "@kasbah/testkit";
import { stringify } from "yaml";
import { providePromtool, whyNoPromtool } from "../../harness/promtool.ts";
import { repositoryRoot } from "../../harness/repository.ts";
import { loadPage, pagePaths, readPage } from "../page/find-pages.ts";
import { type Page, parsePage } from "../page/page.ts";
import { stepsOf } from "../page/steps.ts";
import { setupNames } from "../run/check-page.ts";
import { languageProblems, promqlIn } from "./languages.ts";
import { nameKinds, unknownNames } from "./names.ts";
import { allowedUntested, untestedProblems } from "./untested.ts";

/** What the pages of the repository may not contain, found without running a command. */
describe("Pages", () => {
  const paths = pagePaths();

  it("contain only blocks of a known language, whose content is valid", () => {
    assert.deepEqual(
      paths.flatMap((path) => languageProblems(loadPage(path))),
      [],
    );
  });

  it("contain commands that can be read, after a setup that exists", () => {
    for (const path of paths) {
      const page = loadPage(path);
      const commands = stepsOf(page);
      if (commands.length === 0) continue;
      const setup =
        page.setup ?? assert.fail(`${path} has commands, but no line such as <!-- check: empty -->`);
      assert.ok(
        setupNames.some((name) => name === setup),
        `${path}: unknown setup ${setup}: one of ${setupNames}`,
      );
    }
  });

  it("name tests that exist, and that read the page, for commands that other suites run", () => {
    for (const path of paths)
      for (const by of testsNamedIn(loadPage(path))) {
        assert.ok(existsSync(join(repositoryRoot, by)), `${path}: ${by} does not exist`);
        const name = basename(path, ".md");
        assert.ok(suiteText(by).includes(name), `${by} and its helpers do not mention ${name}`);
      }
  });

  it("contain no more untested blocks than the list allows, which only shrinks", () => {
    assert.deepEqual(untestedProblems(paths.map(loadPage), allowedUntested()), []);
    const total = Object.values(allowedUntested()).reduce((sum, count) => sum + count, 0);
    assert.ok(total <= mostUntested, `${total} blocks are untested, more than ${mostUntested}`);
  });

  it("name only flags, metrics and variables that exist", () => {
    const kinds = nameKinds();
    for (const { known } of kinds) assert.ok(known.size > 40, `only ${known.size} names`);
    const unknown = paths
      // These pages quote earlier releases, and flags of V8.
      .filter((path) => !/^docs\/(changed-messages\.md|upgrade\.md|adr\/.*)$/.test(path))
      .flatMap((path) => unknownNames(path, readPage(path), kinds));
    assert.deepEqual(unknown, []);
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
const mostUntested = 80;

describe("Faults planted in a page", () => {
  const kinds = nameKinds();
  const unknown = (line: string) => unknownNames("x.md", `\n${line}`, kinds);

  it("a flag, a metric or a variable that does not exist is reported with its line", () => {
    assert.deepEqual(unknown("Set `--state-dri` first."), ["x.md:2: the flag --state-dri does not exist"]);
    assert.deepEqual(unknown("`kasbah why --verbos x`"), ["x.md:2: the flag --verbos does not exist"]);
    assert.deepEqual(unknown("alert on `kasbah_refusal`"), [
      "x.md:2: the metric kasbah_refusal does not exist",
    ]);
    assert.deepEqual(unknown("rate(kasbah_refused[5m])"), [
      "x.md:2: the metric kasbah_refused does not exist",
    ]);
    assert.deepEqual(unknown("`KASBAH_STATE`"), ["x.md:2: the variable KASBAH_STATE does not exist"]);
  });

  it("what exists is not, nor are flags of other programs", () => {
    for (const line of [
      "`--state-dir`, `kasbah why --state-dir x`, `KASBAH_STATE_DIR`, `kasbah_refusals{code}`",
      "`kubectl get --show-labels`, `kasbah-agent -- nginx --none`, `kasbah_*`, `rate(kasbah_refusals[5m])`",
    ])
      assert.deepEqual(unknown(line), []);
  });

  it("an invalid policy, JSON or YAML, an unknown language and a command shown as text are reported", () => {
    const problems = (...lines: string[]) => languageProblems(parsePage("x.md", lines.join("\n"))).join();
    assert.match(problems("```yaml", "version: 1", "default: { alow: true }", "```"), /^x\.md:2: .*alow/s);
    assert.match(problems("```yaml", "a: [", "```"), /x\.md:2: invalid YAML/);
    assert.match(problems("```json", "{", "```"), /x\.md:2: /);
    assert.match(problems("```bash", "ls", "```"), /x\.md:2: unknown language bash/);
    assert.match(problems("```text", "$ ls", "```"), /x\.md:2: a text block shows the command/);
    assert.equal(problems("```yaml", "version: 1", "default: { allow: true }", "```"), "");
  });
});
