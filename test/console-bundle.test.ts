import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { bundleConsole } from "../scripts/bundles/bundle-console.ts";
import { packagesIn } from "../scripts/bundles/contents.ts";
import { repositoryRoot } from "./harness/repository.ts";

describe("the page of kasbah console", () => {
  let folder = "";
  let metafile: Metafile;
  const read = (name: string) => readFile(join(folder, name), "utf8");

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "console-"));
    metafile = await bundleConsole(folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("is one document, one script and one style sheet, of at most 85 kB together", async () => {
    assert.deepEqual((await readdir(folder)).sort(), ["console.css", "console.js", "index.html"]);
    const texts = await Promise.all(["console.css", "console.js", "index.html"].map(read));
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes > 30_000 && bytes < 85_000, `${bytes} bytes`);
  });

  it("contains Preact and no other library", async () => {
    const names = (await packagesIn(metafile)).map(({ name }) => name);
    assert.deepEqual(names, ["@kasbah/console", "preact"]);
  });

  it("loads nothing from another server", async () => {
    for (const name of ["console.css", "console.js", "index.html"]) {
      const addresses = (await read(name)).match(/(?:https?:)?\/\/[\w.-]+\.[a-z]{2,}[^"'` )]*/g) ?? [];
      const foreign = addresses.filter((address) => !address.startsWith("http://www.w3.org/"));
      assert.deepEqual(foreign, [], name);
    }
    assert.doesNotMatch(await read("console.css"), /@import|url\(/);
  });

  it("works under a policy without inline scripts, inline styles and evaluated text", async () => {
    const html = await read("index.html");
    assert.doesNotMatch(html, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    assert.doesNotMatch(await read("console.js"), /\beval\(|new Function\(|document\.write/);
  });

  it("shows everything as text: no source inserts HTML", () => {
    const sources = globSync("packages/console/src/**/*.{ts,tsx}", { cwd: repositoryRoot });
    assert.ok(sources.length > 50);
    const inserting = sources.filter((path) =>
      /innerHTML|outerHTML|insertAdjacentHTML|DOMParser|createContextualFragment/.test(
        readFileSync(join(repositoryRoot, path), "utf8"),
      ),
    );
    assert.deepEqual(inserting, []);
  });
});
