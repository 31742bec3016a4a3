import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/threat-model.md", root), "utf8");

interface Threat {
  readonly title: string;
  readonly rows: ReadonlyMap<string, string>;
}

const threats: readonly Threat[] = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const rows = [...section.matchAll(/^\| ([a-z ]+) \| (.+) \|$/gm)];
    const [title = ""] = section.split("\n");
    return { title, rows: new Map(rows.map(([, name = "", text = ""]) => [name, text])) };
  });

/** The tests that a row names, as `[file](path) "title"`. */
function testsIn(text: string): { readonly path: string; readonly title: string }[] {
  const links = [...text.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\) "([^"]+)"/g)];
  return links.map(([, path = "", title = ""]) => ({ path, title }));
}

describe("Threat model", () => {
  it("covers every part that can be stolen or compromised", () => {
    const titles = threats.map(({ title }) => title);
    for (const part of [
      ...["No credential", "The network in between", "A pod", "A token", "A workload key", "A node"],
      ...["A replica of the CA", "The CA's volume", "A backup file", "The ledger's key"],
      ...["An intermediate's key", "The root's key", "A token issuer", "The CA's Kubernetes account"],
      ...["The admin socket", "The console's cookie"],
    ]) {
      assert.ok(titles.includes(part), part);
    }
  });

  for (const { title, rows } of threats) {
    it(`says what an attacker can and cannot do, for how long, and what ends it: ${title}`, () => {
      assert.deepEqual([...rows.keys()], ["can", "cannot", "for", "shown by", "ended by"]);
      assert.match(rows.get("ended by") ?? "", /\]\([^)]+\.md/, "a page with the steps");
    });

    it(`names tests that exist: ${title}`, () => {
      const text = rows.get("shown by") ?? "";
      const tests = testsIn(text);
      assert.ok(tests.length > 0);
      assert.equal(tests.length, text.split(" · ").length, "each entry is a link and a title");
      for (const { path, title: name } of tests) {
        const source = readFileSync(fileURLToPath(new URL(path, root)), "utf8");
        assert.ok(source.includes(`("${name}"`), `${path} has no test "${name}"`);
      }
    });
  }
});
