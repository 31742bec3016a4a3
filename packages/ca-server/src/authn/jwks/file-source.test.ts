import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rename, symlink, truncate, writeFile } from "node:fs/promises";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readJwksFile } from "./file-source.ts";

describe("A key set in a file", () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("jwks.json");
    await writeFile(path, '{"keys":[]}');
  });
  afterEach(() => directory.remove());

  it("is not read beyond 1 MiB, and is at 1 MiB", async () => {
    await truncate(path, 1024 * 1024 + 1);
    const { message } = await rejectsWithCode(readJwksFile(path), "JWKS_UNUSABLE");
    assert.match(message, /jwks\.json is larger than 1 MiB/);
    await truncate(path, 1024 * 1024);
    assert.equal((await readJwksFile(path)).length, 1024 * 1024);
  });

  it("is not read from what is no file, and a pipe without a writer holds nobody up", async () => {
    await rejectsWithCode(readJwksFile(directory.path), "JWKS_UNUSABLE");
    const pipe = directory.join("pipe");
    execFileSync("mkfifo", [pipe]);
    await rejectsWithCode(readJwksFile(pipe), "JWKS_UNUSABLE");
  });

  it("is not there when the file is not", async () => {
    await assert.rejects(readJwksFile(directory.join("missing")), { code: "ENOENT" });
  });

  it("is read through links, by which Kubernetes swaps what it mounts", async () => {
    await writeFile(directory.join("second.json"), "second");
    const link = directory.join("link");
    await symlink("jwks.json", link);
    assert.equal(await readJwksFile(link), '{"keys":[]}');
    await symlink("second.json", directory.join("next"));
    await rename(directory.join("next"), link);
    assert.equal(await readJwksFile(link), "second");
  });
});
