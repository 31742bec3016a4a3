import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

describe("Screenshots of the documentation", () => {
  const shots = globSync("docs/pictures/*.png", { cwd: root }).toSorted();
  const pages = ["README.md", ...globSync("docs/**/*.md", { cwd: root })].map((path) =>
    readFileSync(join(root, path), "utf8"),
  );

  it("are small PNG files, without the tool's notes", () => {
    assert.ok(shots.length >= 2);
    for (const path of shots) {
      const content = readFileSync(join(root, path));
      assert.ok(content.subarray(0, 8).equals(signature), path);
      assert.ok(statSync(join(root, path)).size < 150_000, path);
      assert.ok(!content.includes("tEXt") && !content.includes("eXIf"), path);
    }
  });

  it("are each shown by a page, with words for readers who do not see them", () => {
    for (const path of shots) {
      const name = path.replace("docs/pictures/", "");
      const shown = new RegExp(
        `!\\[[^\\]]{30,}\\]\\((?:\\.\\./)*(?:docs/)?pictures/${name.replaceAll(".", "\\.")}\\)`,
      );
      assert.ok(
        pages.some((page) => shown.test(page)),
        path,
      );
    }
  });
});
