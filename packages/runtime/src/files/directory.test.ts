import assert from "node:assert/strict";
import { chmod, stat, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { ensureDirectory } from "./directory.ts";
import { nodeFs } from "./durable-fs.ts";

describe("ensureDirectory", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  for (const mode of [0o750, 0o701, 0o777]) {
    it(`rejects a private directory with mode ${mode.toString(8)}, and does not change it`, async () => {
      const path = directory.join("state");
      await ensureDirectory(path, 0o700);
      await chmod(path, mode);
      const error = await rejectsWithCode(ensureDirectory(path, 0o700), "DIRECTORY_UNSAFE");
      assert.match(error.message, new RegExp(`has mode 0${mode.toString(8)}, .*chmod 0700`));
      assert.equal((await stat(path)).mode & 0o777, mode);
    });
  }

  it("rejects a private directory of another user", async () => {
    const fs = {
      ...nodeFs,
      stat: async (path: string) => ({
        ...(await nodeFs.stat(path)),
        isDirectory: () => true,
        mode: 0o40700,
        uid: 4242,
      }),
    };
    const error = await rejectsWithCode(ensureDirectory(directory.join("s"), 0o700, fs), "DIRECTORY_UNSAFE");
    assert.match(error.message, /belongs to user 4242/);
  });

  it("rejects a file, a parent that is a file, and a dangling link", async () => {
    await writeFile(directory.join("file"), "");
    await symlink("nowhere", directory.join("link"));
    for (const path of [directory.join("file"), directory.join("file", "x"), directory.join("link")]) {
      const error = await rejectsWithCode(ensureDirectory(path, 0o700), "DIRECTORY_UNUSABLE");
      assert.ok(error.cause instanceof Error);
    }
  });

  it("reports a read-only file system, with the first directory that could not be created as the cause", async () => {
    const mkdir: typeof nodeFs.mkdir = async (path) => {
      const code = path === directory.join("volume") ? "EROFS" : "ENOENT";
      throw Object.assign(new Error(`mkdir ${path}`), { code });
    };
    const path = directory.join("volume", "state");
    const error = await rejectsWithCode(
      ensureDirectory(path, 0o700, { ...nodeFs, mkdir }),
      "DIRECTORY_UNUSABLE",
    );
    assert.match(error.message, /state: EROFS, its file system is read-only: mount a volume there$/);
    assert.ok(error.cause instanceof Error);
    assert.equal(error.cause.message, `mkdir ${directory.join("volume")}`);
  });

  it("rejects a directory below one in which nothing can be created, such as /proc, and does not try forever", async () => {
    const mkdir: typeof nodeFs.mkdir = async (path, mode) => {
      if (dirname(path) === directory.join("proc")) throw Object.assign(new Error(path), { code: "ENOENT" });
      return nodeFs.mkdir(path, mode);
    };
    const path = directory.join("proc", "x", "y");
    const error = await rejectsWithCode(
      ensureDirectory(path, 0o700, { ...nodeFs, mkdir }),
      "DIRECTORY_UNUSABLE",
    );
    assert.match(error.message, /y: ENOENT, nothing can be created there: choose another directory$/);
  });

  it("creates a directory that another process creates at the same time", async () => {
    const paths = ["a/b/c", "a/b/d", "a/b/c"].map((path) => directory.join(path));
    await Promise.all(paths.map((path) => ensureDirectory(path, 0o700)));
    for (const path of paths) assert.ok((await stat(path)).isDirectory());
  });

  it("creates the directory and its parents with the given mode, regardless of the umask", async () => {
    const before = process.umask(0o027);
    try {
      await ensureDirectory(directory.join("a", "b"), 0o755);
    } finally {
      process.umask(before);
    }
    assert.equal((await stat(directory.join("a", "b"))).mode & 0o777, 0o755);
  });

  it("accepts an existing directory", async () => {
    await ensureDirectory(directory.join("state"), 0o700);
    await ensureDirectory(directory.join("state"), 0o700);
    await chmod(directory.join("state"), 0o755);
    await ensureDirectory(directory.join("state"), 0o755);
    assert.ok((await stat(directory.join("state"))).isDirectory());
  });
});
