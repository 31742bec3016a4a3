import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readPassphrase } from "./passphrase.ts";

describe("Passphrase of the keys", () => {
  let directory: TemporaryDirectory;
  let path: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("passphrase");
  });
  afterEach(() => directory.remove());

  it("rejects a passphrase file that is missing, a pipe or a directory, or that starts with an empty line", async () => {
    await rejectsWithCode(readPassphrase(path), "KEY_PASSPHRASE_MISSING");
    for (const content of ["", "\n", "\nsecond line", `${"x".repeat(1025)}\n`, "x".repeat(5000)]) {
      await writeFile(path, content, { mode: 0o600 });
      await rejectsWithCode(readPassphrase(path), "KEY_PASSPHRASE_MISSING");
    }
    await mkdir(directory.join("directory"));
    await rejectsWithCode(readPassphrase(directory.join("directory")), "KEY_PASSPHRASE_MISSING");
    execFileSync("mkfifo", ["-m", "600", directory.join("pipe")]);
    await rejectsWithCode(readPassphrase(directory.join("pipe")), "KEY_PASSPHRASE_MISSING");
  });

  it("rejects a passphrase file that other users may read", async () => {
    await writeFile(path, "open\n");
    for (const mode of [0o644, 0o640, 0o604]) {
      await chmod(path, mode);
      await rejectsWithCode(readPassphrase(path), "AUTHORITY_KEY_EXPOSED");
    }
  });

  it("reads the first line without its line end, and logs no passphrase", async () => {
    await writeFile(path, "correct horse\r\nnot this\n", { mode: 0o600 });
    const passphrase = await readPassphrase(path);
    assert.equal(passphrase?.reveal(), "correct horse");
    assert.doesNotMatch(inspect(passphrase), /horse/);
    assert.equal(await readPassphrase(undefined), undefined);
  });
});
