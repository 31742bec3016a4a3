import assert from "node:assert/strict";
import { constants } from "node:fs";
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import {
  type CrashState,
  crashStates,
  type DurableCall,
  faultyFs,
  type RecordingFs,
  recordingFs,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { publishDirectory, writeFileDurably } from "./durable-file.ts";

const files = [
  { name: "key.pem", bytes: "key", mode: 0o600 },
  { name: "cert.pem", bytes: "certificate", mode: 0o644 },
];

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe("durable-file", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  describe("writeFileDurably", () => {
    it("keeps the old bytes and leaves no temporary file if any call before the rename fails", async () => {
      const path = directory.join("state");
      await writeFile(path, "old");
      const clean = faultyFs();
      await writeFileDurably(directory.join("probe"), "x", 0o600, clean);
      const rename = clean.calls.indexOf("rename") + 1;
      for (let failAt = 1; failAt <= rename; failAt++) {
        const error = await rejectsWithCode(
          writeFileDurably(path, "new", 0o600, faultyFs(failAt)),
          "FILE_NOT_DURABLE",
        );
        assert.match(error.message, /cannot write .*state: no space left on the device \(ENOSPC\)$/);
        assert.ok(error.cause instanceof Error && "code" in error.cause);
        assert.equal(await readFile(path, "utf8"), "old");
        assert.deepEqual((await readdir(directory.path)).sort(), ["probe", "state"]);
      }
    });

    it("does not report durability if the directory cannot be synced", async () => {
      const clean = faultyFs();
      await writeFileDurably(directory.join("probe"), "x", 0o600, clean);
      for (let failAt = clean.calls.indexOf("rename") + 2; failAt <= clean.calls.length; failAt++) {
        const work = writeFileDurably(directory.join("state"), "new", 0o600, faultyFs(failAt));
        await rejectsWithCode(work, "FILE_NOT_DURABLE");
      }
      assert.equal(await readFile(directory.join("state"), "utf8"), "new");
    });

    it("syncs the file before the rename and the directory after it, each once", async () => {
      const fs = faultyFs();
      await writeFileDurably(directory.join("state"), "x", 0o600, fs);
      const order: DurableCall[] = [
        "open",
        "writeFile",
        "chmod",
        "sync",
        "close",
        "rename",
        "open",
        "sync",
        "close",
      ];
      assert.deepEqual(fs.calls, order);
    });

    it("follows a symbolic link neither at the path nor at its temporary name", async () => {
      const victim = directory.join("victim");
      await writeFile(victim, "untouched");
      await symlink(victim, directory.join("state"));
      await symlink(victim, directory.join(".state.tmp-0"));
      await writeFileDurably(directory.join("state"), "new", 0o600);
      assert.equal(await readFile(victim, "utf8"), "untouched");
      assert.equal(await readFile(directory.join("state"), "utf8"), "new");
      assert.equal(await readlink(directory.join(".state.tmp-0")), victim);
    });

    it("fails if the directory is missing or a file", async () => {
      await writeFile(directory.join("file"), "");
      for (const path of [directory.join("none", "x"), directory.join("file", "x")]) {
        await rejectsWithCode(writeFileDurably(path, "x", 0o600), "FILE_NOT_DURABLE");
      }
    });

    it("sets the given mode, regardless of the umask", async () => {
      const before = process.umask(0o077);
      try {
        await writeFileDurably(directory.join("public"), "x", 0o644);
        await writeFileDurably(directory.join("key"), "x", 0o600);
      } finally {
        process.umask(before);
      }
      assert.equal(await modeOf(directory.join("public")), 0o644);
      assert.equal(await modeOf(directory.join("key")), 0o600);
    });

    it("lets one of many writers win completely and leaves no other file", async () => {
      const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5000));
      await Promise.all(texts.map((text) => writeFileDurably(directory.join("state"), text, 0o600)));
      assert.ok(texts.includes(await readFile(directory.join("state"), "utf8")));
      assert.deepEqual(await readdir(directory.path), ["state"]);
    });
  });

  describe("publishDirectory", () => {
    it("publishes nothing and leaves nothing if any call before the rename fails", async () => {
      const clean = faultyFs();
      await publishDirectory(directory.join("probe"), files, clean);
      const rename = clean.calls.indexOf("rename") + 1;
      for (let failAt = 1; failAt <= rename; failAt++) {
        await rejectsWithCode(
          publishDirectory(directory.join("ca"), files, faultyFs(failAt)),
          "FILE_NOT_DURABLE",
        );
        assert.deepEqual(await readdir(directory.path), ["probe"]);
      }
    });

    it("lets exactly one of many publishers win, and every reader finds the winner's set", async () => {
      const target = directory.join("ca");
      const sets = Array.from({ length: 20 }, (_, i) => [
        { name: "key.pem", bytes: `key ${i}`, mode: 0o600 },
        { name: "cert.pem", bytes: `cert ${i}`, mode: 0o644 },
      ]);
      const won = await Promise.all(sets.map((set) => publishDirectory(target, set)));
      assert.equal(won.filter(Boolean).length, 1);
      const winner = won.indexOf(true);
      assert.equal(await readFile(directory.join("ca", "key.pem"), "utf8"), `key ${winner}`);
      assert.equal(await readFile(directory.join("ca", "cert.pem"), "utf8"), `cert ${winner}`);
      assert.deepEqual(await readdir(directory.path), ["ca"]);
    });

    it("neither replaces a file nor follows a link", async () => {
      await writeFile(directory.join("file"), "");
      await mkdir(directory.join("elsewhere"));
      await symlink(directory.join("elsewhere"), directory.join("link"));
      for (const name of ["file", "link"]) {
        await rejectsWithCode(publishDirectory(directory.join(name), files), "FILE_NOT_DURABLE");
      }
      assert.deepEqual(await readdir(directory.join("elsewhere")), []);
    });

    it("accepts only plain file names, and at least one", async () => {
      for (const name of ["", ".", "..", "../x", "a/b", "a\0"]) {
        const bad = [{ name, bytes: "", mode: 0o600 }];
        await assert.rejects(publishDirectory(directory.join("ca"), bad), RangeError);
      }
      await assert.rejects(publishDirectory(directory.join("ca"), []), RangeError);
      assert.deepEqual(await readdir(directory.path), []);
    });

    it("creates a private directory and gives each file its own mode", async () => {
      assert.equal(await publishDirectory(directory.join("ca"), files), true);
      assert.equal(await modeOf(directory.join("ca")), 0o700);
      assert.equal(await modeOf(directory.join("ca", "key.pem")), 0o600);
      assert.equal(await modeOf(directory.join("ca", "cert.pem")), 0o644);
    });
  });

  describe("power cuts", () => {
    let fs: RecordingFs;
    beforeEach(() => {
      fs = recordingFs(directory.path);
    });

    /** Each state in which the disk may be left, and whether the work had been reported as done by then. */
    const outcomes = (from: number): { state: CrashState; isDone: boolean }[] =>
      [...Array(fs.operations.length - from + 1).keys()].flatMap((more) =>
        crashStates(fs.operations, from + more).map((state) => ({
          state,
          isDone: from + more === fs.operations.length,
        })),
      );

    it("a power cut leaves a file with the old bytes or the new ones, and with the new ones once they were reported", async () => {
      const path = directory.join("state");
      await writeFileDurably(path, "old bytes", 0o600, fs);
      const from = fs.operations.length;
      await writeFileDurably(path, "new bytes", 0o600, fs);
      for (const { state, isDone } of outcomes(from)) {
        const content = String(state.get("state"));
        assert.ok(content === "new bytes" || (content === "old bytes" && !isDone), content);
      }
    });

    it("a power cut leaves a published directory complete or absent, and complete once it was reported", async () => {
      await publishDirectory(directory.join("ca"), files, fs);
      for (const { state, isDone } of outcomes(0)) {
        const found = [...state].filter(([path]) => path.startsWith("ca/"));
        const isWhole =
          String(state.get("ca/key.pem")) === "key" && String(state.get("ca/cert.pem")) === "certificate";
        assert.ok(isWhole || (found.length === 0 && !isDone), found.join(" "));
      }
    });

    it("the simulation detects a missing fsync of the file or of the directory", async () => {
      const write = async (name: string, isSynced: boolean) => {
        const handle = await fs.open(
          directory.join(`.${name}`),
          constants.O_WRONLY | constants.O_CREAT,
          0o600,
        );
        await handle.writeFile("new bytes");
        if (isSynced) await handle.sync();
        await handle.close();
        await fs.rename(directory.join(`.${name}`), directory.join(name));
      };
      await write("torn", false);
      assert.ok(crashStates(fs.operations).some((state) => state.get("torn")?.length === 0));
      await write("lost", true);
      assert.ok(crashStates(fs.operations).some((state) => !state.has("lost")));
    });
  });
});
