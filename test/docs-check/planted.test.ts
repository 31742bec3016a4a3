import assert from "node:assert/strict";
import { parsePage } from "./page/page.ts";
import { checkPage } from "./run/check-page.ts";
import { whyNoSandbox } from "./run/sandbox.ts";
import { untestedProblems } from "./static/untested.ts";

const pageOf = (...lines: string[]) => parsePage("planted.md", lines.join("\n"));
const failureIn = (...lines: string[]) => checkPage(pageOf("# Planted", "<!-- check: empty -->", ...lines));

/** Each fault that acceptance of the documentation names, planted in a page of its own. */
describe("npm run docs:check", () => {
  before(function () {
    const missing = whyNoSandbox();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
  });

  it("passes a page whose commands work and print what it shows", async () => {
    const failure = await failureIn(
      ...["```sh", "export NAME=world; cd /run", "```"],
      ...[
        "```console",
        "$ echo hello $NAME; pwd",
        "hello world",
        "/run",
        "$ exit_with() { return 3; }",
        "```",
      ],
      ...["```console exits=3", "$ exit_with", "```"],
      ...["```yaml file=/etc/planted/a.yaml", "a: 1", "```", "```sh", "cat /etc/planted/a.yaml", "```"],
      ...["```output", "a: 1", "```"],
    );
    assert.equal(failure, undefined);
  });

  it("reports a wrong command with its line and exit code", async () => {
    const failure = await failureIn("```sh", "true", "kasbha --help", "```");
    assert.equal(failure?.line, 5);
    assert.match(failure?.problem ?? "", /exit code 127, expected 0:\n.*kasbha: command not found/);
  });

  it("reports a wrong command before a pipe, and one that succeeds but should not", async () => {
    assert.match((await failureIn("```sh", "false | true", "```"))?.problem ?? "", /exit code 1/);
    const failure = await failureIn("```console exits=1", "$ true", "```");
    assert.match(failure?.problem ?? "", /exit code 0, expected 1/);
  });

  it("reports a wrong output as a difference", async () => {
    const failure = await failureIn("```console", "$ echo three rules", "four rules", "```");
    assert.equal(
      failure?.problem,
      "the page (-) and the output (+) differ:\n  - four rules\n  + three rules",
    );
  });

  it("reports a program that dies in a terminal of its own", async () => {
    const failure = await failureIn(
      "```sh",
      "# terminal 2",
      "echo up; sleep 0.2; exit 7",
      "```",
      "```sh",
      "sleep 1",
      "```",
    );
    assert.deepEqual(
      [failure?.line, failure?.problem.split(",")[0]?.split(":")[0]],
      [5, "ended with exit code 7"],
    );
  });

  it("ends every process of a page, keeps its ports apart and leaves the machine unchanged", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map((index) =>
        failureIn(
          ...["```sh", "python3 -m http.server 15014 --bind 127.0.0.1 &", "```"],
          ...[
            "```console",
            "$ curl -sf -o /dev/null -w '%{http_code}' http://127.0.0.1:15014/",
            "200",
            "```",
          ],
          ...["```sh", `echo ${index} > /etc/planted-by-a-page`, "```"],
        ),
      ),
    );
    assert.deepEqual([first, second], [undefined, undefined]);
    assert.equal(
      await failureIn("```console", "$ ls /etc/planted-by-a-page 2>/dev/null || echo none", "none", "```"),
      undefined,
    );
  });

  it("reports an untested block that the list does not allow, and a list that allows too many", () => {
    const page = pageOf("```sh untested: needs a cloud", "deploy", "```");
    assert.match(
      untestedProblems([page], {}).join(),
      /planted\.md has 1 untested blocks, but .*untested\.json allows 0: write the new one so that a test runs it/,
    );
    assert.match(untestedProblems([page], { "planted.md": 2 }).join(), /lower its number/);
    assert.match(
      untestedProblems([], { "gone.md": 1 }).join(),
      /gone\.md has 0 untested blocks, fewer than 1/,
    );
    assert.deepEqual(untestedProblems([page], { "planted.md": 1 }), []);
  });
});
