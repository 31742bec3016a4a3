import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rename, symlink, truncate, writeFile } from "node:fs/promises";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readJwksFile } from "./file-source.ts";

describe("readJwksFile", () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("jwks.json");
    await writeFile(path, '{"keys":[]}');
  });
  afterEach(() => directory.remove());

  it("reads a file of 1 MiB and rejects a larger one", async () => {
    await truncate(path, 1024 * 1024 + 1);
    const { message } = await rejectsWithCode(readJwksFile(path), "JWKS_UNUSABLE");
    assert.match(message, /jwks\.json is larger than 1 MiB/);
    await truncate(path, 1024 * 1024);
    assert.equal((await readJwksFile(path)).length, 1024 * 1024);
  });

  it("rejects anything but a regular file, and does not block on a pipe without a writer", async () => {
    await rejectsWithCode(readJwksFile(directory.path), "JWKS_UNUSABLE");
    const pipe = directory.join("pipe");
    execFileSync("mkfifo", [pipe]);
    await rejectsWithCode(readJwksFile(pipe), "JWKS_UNUSABLE");
  });

  it("fails if the file does not exist", async () => {
    await assert.rejects(readJwksFile(directory.join("missing")), {
      code: "JWKS_UNUSABLE",
      message: /does not exist \(ENOENT\)/,
    });
  });

  it("follows symbolic links, with which Kubernetes swaps its mounts", async () => {
    await writeFile(directory.join("second.json"), "second");
    const link = directory.join("link");
    await symlink("jwks.json", link);
    assert.equal(await readJwksFile(link), '{"keys":[]}');
    await symlink("second.json", directory.join("next"));
    await rename(directory.join("next"), link);
    assert.equal(await readJwksFile(link), "second");
  });
});
