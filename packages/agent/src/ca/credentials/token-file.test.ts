import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import {
  mountKubeletVolume,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { readToken } from "./token-file.ts";

describe("readToken", () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("token");
  });
  afterEach(() => directory.remove());

  it("says why it cannot read a missing file, a directory and an oversized file", async () => {
    const isUnreadable = async (which: string, reason: RegExp) => {
      const { message } = await rejectsWithCode(readToken(which), "TOKEN_UNREADABLE");
      assert.ok(message.startsWith(`cannot read the token file ${which}: `), message);
      assert.match(message, reason);
    };
    await isUnreadable(path, /does not exist \(ENOENT\); mount a service account token there/);
    await isUnreadable(directory.path, /is a directory \(EISDIR\)/);
    await writeFile(path, "x".repeat(16 * 1024 + 1));
    await isUnreadable(path, /larger than 16384 bytes/);
  });

  it("throws TOKEN_EMPTY for an empty file and for white space", async () => {
    for (const contents of ["", " \n\t\n"]) {
      await writeFile(path, contents);
      await rejectsWithCode(readToken(path), "TOKEN_EMPTY");
    }
  });

  it("rejects a token that would break out of its header, without quoting it", async () => {
    await writeFile(path, "abc\r\nx-admin: yes");
    const error = await rejectsWithCode(readToken(path), "TOKEN_UNREADABLE");
    assert.ok(!inspect(error).includes("x-admin"));
  });

  it("trims the token and hides it from accidental output", async () => {
    await writeFile(path, "  a.b.c\n");
    const token = await readToken(path);
    assert.equal(token.reveal(), "a.b.c");
    assert.ok(!inspect(token).includes("a.b.c") && !JSON.stringify({ token }).includes("a.b.c"));
  });

  it("follows the kubelet's symlink swap five hundred times without an incomplete read", async () => {
    const tokenOf = (round: number) => `token-${round}`.repeat(50);
    const volume = await mountKubeletVolume(directory.join("volume"), { token: tokenOf(0) });
    const mounted = volume.join("token");
    for (let round = 1; round <= 500; round += 1) {
      let isDone = false;
      const swap = volume.swap({ token: tokenOf(round) }).finally(() => {
        isDone = true;
      });
      do {
        const during = await readToken(mounted);
        assert.ok([tokenOf(round - 1), tokenOf(round)].includes(during.reveal()));
      } while (!isDone);
      await swap;
      assert.equal((await readToken(mounted)).reveal(), tokenOf(round));
    }
  });
});
