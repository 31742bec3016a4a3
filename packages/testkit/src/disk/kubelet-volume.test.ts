import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { mountKubeletVolume } from "./kubelet-volume.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";

describe("mountKubeletVolume", () => {
  let home: TemporaryDirectory;

  beforeEach(async () => {
    home = await temporaryDirectory();
  });
  afterEach(() => home.remove());

  const visible = async () => (await readdir(home.path)).filter((name) => !name.startsWith("..")).toSorted();

  it("shows only the names of its newest contents and keeps one generation", async () => {
    const volume = await mountKubeletVolume(home.path, { a: "1", b: "1" });
    await volume.swap({ b: "2", c: "2" });
    assert.deepEqual(await visible(), ["b", "c"]);
    assert.equal(await readFile(volume.join("b"), "utf8"), "2");
    const hidden = (await readdir(home.path)).filter((name) => name.startsWith(".."));
    assert.equal(hidden.length, 2, `${hidden} should be ..data and its directory`);
  });

  it("creates a directory for undefined content, and a file again later", async () => {
    const volume = await mountKubeletVolume(home.path, { token: undefined });
    assert.ok((await stat(volume.join("token"))).isDirectory());
    await volume.swap({ token: "good" });
    assert.equal(await readFile(volume.join("token"), "utf8"), "good");
  });

  it("can be empty, and keeps files that it did not create", async () => {
    await writeFile(home.join("foreign"), "");
    const volume = await mountKubeletVolume(home.path, { token: "good" });
    await volume.swap({});
    assert.deepEqual(await visible(), ["foreign"]);
  });
});
