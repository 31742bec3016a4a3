import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { temporaryDirectory } from "@kasbah/testkit";
import { bundleServer, serverBundlePath } from "../scripts/bundles/bundle-server.ts";

describe("CA bundle", () => {
  it("runs without any module beside it, and reads its version from the manifest above", async () => {
    await using directory = await temporaryDirectory();
    mkdirSync(directory.join("dist"));
    copyFileSync(serverBundlePath, directory.join("dist/kasbah-server.mjs"));
    copyFileSync("packages/ca-server/package.json", directory.join("package.json"));
    const { version } = JSON.parse(readFileSync("packages/ca-server/package.json", "utf8"));
    const options = { encoding: "utf8", cwd: directory.path, env: {} } as const;
    const said = execFileSync(process.execPath, ["dist/kasbah-server.mjs", "--version"], options);
    assert.equal(said.trim(), `kasbah-server ${version}`);
  });

  it("disables Node's debugger signal first, and imports no module", () => {
    const text = readFileSync(serverBundlePath, "utf8");
    assert.match(text, /^process\.on\("SIGUSR1",/);
    assert.doesNotMatch(text, /^import[ {*"]/m);
  });

  it("is plain ASCII, because V8 keeps any other text in twice the memory", () => {
    const text = readFileSync(serverBundlePath, "latin1");
    const found = [...text].findIndex((character) => character.charCodeAt(0) > 127);
    assert.equal(found === -1 ? "" : text.slice(found - 40, found + 40), "");
  });

  it("is as new as its sources", async () => {
    await using directory = await temporaryDirectory();
    await bundleServer(directory.join("again.mjs"));
    const isFresh = readFileSync(directory.join("again.mjs")).equals(readFileSync(serverBundlePath));
    assert.ok(isFresh, "the bundle is older than its sources or not reproducible: run npm run build");
  });
});
