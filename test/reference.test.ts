import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { helpBlocks } from "../scripts/reference/cli/help-blocks.ts";
import { optionRow } from "../scripts/reference/cli/option-row.ts";
import { marked, table } from "../scripts/reference/markdown.ts";
import { referencePages } from "../scripts/reference/pages.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("The reference", () => {
  const pages = referencePages();

  it("has exactly the pages that the code generates", () => {
    assert.deepEqual(globSync("docs/reference/*", { cwd: root }).toSorted(), [...pages.keys()].toSorted());
  });

  for (const [path, text] of pages) {
    it(`says in ${path} what the code says`, () => {
      const committed = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
      assert.ok(committed === text, `${path} differs from the code: run npm run reference and commit it`);
    });
  }

  it("splits the text below a command's flags into paragraphs and lists", () => {
    const help = `
Reads the file
and prints it:
  one    the first
  two    the second,
         which is longer

Exit codes
  0  it was read

Examples
  $ kasbah read a b \\
      --json
  $ kasbah read   with a meaning`;
    assert.deepEqual(helpBlocks(help), [
      { kind: "text", text: "Reads the file and prints it:" },
      {
        kind: "list",
        title: "",
        items: [
          { term: "one", meaning: "the first" },
          { term: "two", meaning: "the second, which is longer" },
        ],
      },
      { kind: "list", title: "Exit codes", items: [{ term: "0", meaning: "it was read" }] },
      {
        kind: "list",
        title: "Examples",
        items: [
          { term: "$ kasbah read a b --json", meaning: "" },
          { term: "$ kasbah read", meaning: "with a meaning" },
        ],
      },
    ]);
  });

  it("shows defaults and required flags of commands in their own column, with the rest of the meaning beside it", () => {
    const row = (description: string) => optionRow(new Option("--a <b>", description), (text) => text);
    assert.deepEqual(row("folder (default: the nearest one)"), ["`--a <b>`", "the nearest one", "folder"]);
    assert.deepEqual(row("folder (env: A_B, default: c)"), ["`--a <b>`", "`c`", "folder (env: A_B)"]);
    assert.deepEqual(row("folder (required)"), ["`--a <b>`", "required", "folder"]);
    assert.deepEqual(row("folder (env: A_B)"), ["`--a <b>`", "", "folder (env: A_B)"]);
    assert.doesNotMatch([...pages.values()].join("\n"), /^\|.*\(.*default: [^|]*\) \|$/m);
  });

  it("marks flags, variables and paths as code, and escapes what a table or GitHub would interpret", () => {
    assert.equal(
      marked("see --json, KASBAH_JSON=<x>, ./a/key.pem or ~/.cache/b. Not e-mail, and/or, <b>"),
      "see `--json`, `KASBAH_JSON=<x>`, `./a/key.pem` or `~/.cache/b`. Not e-mail, and/or, &lt;b>",
    );
    assert.equal(table(["a", "b"], [["x|y", ""]]), "| a | b |\n|---|---|\n| x\\|y | |\n");
  });
});
