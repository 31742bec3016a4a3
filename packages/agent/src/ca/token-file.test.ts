import assert from "node:assert/strict";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readToken } from "./token-file.ts";

describe("readToken", () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("token");
  });
  afterEach(() => directory.remove());

  it("names a missing file, a directory and an oversized file TOKEN_UNREADABLE", async () => {
    await rejectsWithCode(readToken(path), "TOKEN_UNREADABLE");
    await rejectsWithCode(readToken(directory.path), "TOKEN_UNREADABLE");
    await writeFile(path, "x".repeat(16 * 1024 + 1));
    await rejectsWithCode(readToken(path), "TOKEN_UNREADABLE");
  });

  it("names an empty file and one of white space TOKEN_EMPTY", async () => {
    for (const contents of ["", " \n\t\n"]) {
      await writeFile(path, contents);
      await rejectsWithCode(readToken(path), "TOKEN_EMPTY");
    }
  });

  it("refuses a token that would break out of its header, without repeating it", async () => {
    await writeFile(path, "abc\r\nx-admin: yes");
    const error = await rejectsWithCode(readToken(path), "TOKEN_UNREADABLE");
    assert.ok(!inspect(error).includes("x-admin"));
  });

  it("trims, and does not show the token by accident", async () => {
    await writeFile(path, "  a.b.c\n");
    const token = await readToken(path);
    assert.equal(token.reveal(), "a.b.c");
    assert.ok(!inspect(token).includes("a.b.c") && !JSON.stringify({ token }).includes("a.b.c"));
  });

  it("follows kubelet's symlink swap, five hundred times, without a torn read", async () => {
    await symlink("..data/token", path);
    for (let round = 0; round < 500; round += 1) {
      const written = `token-${round}`.repeat(50);
      await mkdir(directory.join(`..${round}`));
      await writeFile(directory.join(`..${round}`, "token"), written);
      await symlink(`..${round}`, directory.join("..data_tmp"));
      const swap = rename(directory.join("..data_tmp"), directory.join("..data"));
      const during = round === 0 ? undefined : await readToken(path);
      await swap;
      if (during) assert.ok([written, `token-${round - 1}`.repeat(50)].includes(during.reveal()));
      assert.equal((await readToken(path)).reveal(), written);
    }
  });
});
