import assert from "node:assert/strict";
import { parsePage } from "./page.ts";
import { isComplete } from "./shell-lines.ts";
import { type CommandStep, stepsOf } from "./steps.ts";

const stepsIn = (...lines: string[]) => stepsOf(parsePage("x.md", lines.join("\n")));
const commandsIn = (...lines: string[]) =>
  stepsIn(...lines).filter((step): step is CommandStep => step.kind === "command");

describe("Steps of a page", () => {
  it("each line of a sh block is a command, and a comment is none", () => {
    const steps = commandsIn("```sh", "# first", "a --flag # why", "", "b \\", "  --long", "```");
    assert.deepEqual(
      steps.map(({ line, text, expected }) => [line, text, expected]),
      [
        [3, "a --flag # why", undefined],
        [5, "b \\\n  --long", undefined],
      ],
    );
  });

  it("the lines after a command of a console block are its output", () => {
    const steps = commandsIn("```console", "$ a '1", "> 2'", "out", "$ b", "```");
    assert.deepEqual(
      steps.map(({ text, expected }) => [text, expected]),
      [
        ["a '1\n2'", ["out"]],
        ["b", []],
      ],
    );
  });

  it("a block of output belongs to the last command of the block before it", () => {
    const [first, second] = commandsIn("```sh", "a", "b", "```", "It prints:", "```output", "out", "```");
    assert.deepEqual([first?.expected, second?.expected], [undefined, ["out"]]);
    assert.throws(() => stepsIn("```output", "x", "```"), /x\.md:2: no command stands before this output/);
  });

  it("a terminal is named by the block or by its first line, and its last command stays running", () => {
    for (const block of [
      ["```sh terminal=2", "cd x", "serve", "```"],
      ["```sh", "# terminal 2", "cd x", "serve", "```"],
    ]) {
      const steps = commandsIn(...block);
      assert.deepEqual(
        steps.map(({ terminal, staysRunning }) => [terminal, staysRunning]),
        [
          [2, false],
          [2, true],
        ],
      );
    }
    assert.equal(commandsIn("```sh", "serve & # in the background", "```")[0]?.staysRunning, true);
    assert.equal(commandsIn("```sh", "a && b", "```")[0]?.staysRunning, false);
  });

  it("a block can be a file, or end with another exit code; an untested block has no steps", () => {
    const [file, command] = stepsIn("```yaml file=a.yaml", "a: 1", "```", "```console exits=1", "$ a", "```");
    assert.deepEqual(file, { kind: "file", line: 2, name: "a.yaml", text: "a: 1\n" });
    assert.equal(command?.kind === "command" && command.exits, 1);
    assert.deepEqual(stepsIn("```sh untested: needs a cloud", "a", "```"), []);
  });

  it("a comment below the title names the setup and the placeholders, and later ones hide commands", () => {
    const page = parsePage(
      "x.md",
      [
        "# X",
        "<!-- check: ca pod=frontend -->",
        "```sh",
        "a <pod> <other>",
        "```",
        "<!-- check: then",
        "b",
        "-->",
      ].join("\n"),
    );
    assert.equal(page.setup, "ca");
    assert.deepEqual(
      stepsOf(page).map((step) => step.kind === "command" && step.text),
      ["a frontend <other>", "b"],
    );
  });

  it("the indentation of a list item is no part of its block", () => {
    const [step] = commandsIn("1. Do it:", "", "   ```console", "   $ a", "     indented", "   ```");
    assert.deepEqual([step?.text, step?.expected], ["a", ["  indented"]]);
  });

  it("a block without a language, with an unknown word or without a reason is refused with its line", () => {
    assert.throws(() => stepsIn("x", "```", "a", "```"), /x\.md:2: the block has no language/);
    assert.throws(() => stepsIn("```sh termnal=2", "```"), /x\.md:1: unknown word termnal=2/);
    assert.throws(() => stepsIn("```sh untested:", "```"), /x\.md:1: untested: needs a reason/);
    assert.throws(() => stepsIn("```sh", "a"), /does not end/);
    assert.throws(() => stepsIn("```console", "a", "```"), /line 2: a console block begins with a command/);
  });

  it("a command ends where a shell would run it", () => {
    for (const text of [
      "a",
      "a 'b c'",
      "a # it's",
      "for x in 1; do a; done",
      "cat <<E\nx\nE",
      "a '(' \"{\"",
      "case",
    ])
      assert.ok(isComplete(text), text);
    for (const text of [
      "a \\",
      "a |",
      "a &&",
      "a 'b",
      'a "b',
      "for x in 1; do",
      "cat <<'E'\nx",
      "( a",
      "if a; then",
    ])
      assert.ok(!isComplete(text), text);
  });
});
