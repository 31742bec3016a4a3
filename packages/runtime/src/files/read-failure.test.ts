import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { geteuid } from "node:process";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { explainReadFailure } from "./read-failure.ts";

describe("explainReadFailure", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const explain = async (path: string) => {
    const error: unknown = await readFile(path).then(
      () => assert.fail("the file is readable"),
      (error: unknown) => error,
    );
    return explainReadFailure(path, error);
  };
  /** Explains in a process of another user, since root may read everything. */
  const explainAs = (uid: number, gid: number, path: string): { reason: string; fix: string } => {
    const script = `
      import { readFile } from "node:fs/promises";
      process.setgroups([${gid}, 4711]); process.setgid(${gid}); process.setuid(${uid});
      const { explainReadFailure } = await import(${JSON.stringify(import.meta.resolve("./read-failure.ts"))});
      const error = await readFile(${JSON.stringify(path)}).catch((error) => error);
      console.log(JSON.stringify(await explainReadFailure(${JSON.stringify(path)}, error)));`;
    const args = ["--conditions=kasbah-source", "--input-type=module", "--eval", script];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  };

  it("names the user, the owner, the mode and the fix for a file that only its owner may read", async function () {
    if (geteuid?.() !== 0) return this.skip();
    const path = directory.join("token");
    await writeFile(path, "x", { mode: 0o600 });
    await chown(path, 12, 34);
    await chmod(directory.path, 0o755);
    const { reason, fix } = explainAs(1337, 1338, path);
    assert.equal(
      reason,
      `permission denied (EACCES): this process runs as uid 1337, gid 1338 and groups 4711, and the file ${path} belongs to uid 12, gid 34 with mode 0600`,
    );
    assert.match(fix, /chgrp 1338 and chmod g\+r on it.*fsGroup: 1338/);
  });

  it("names the directory in the way, also behind a link", async function () {
    if (geteuid?.() !== 0) return this.skip();
    await chmod(directory.path, 0o755);
    const secret = directory.join("secret");
    await mkdir(secret, { mode: 0o700 });
    await writeFile(`${secret}/token`, "x", { mode: 0o644 });
    await symlink("secret/token", directory.join("link"));
    for (const path of [`${secret}/token`, directory.join("link")]) {
      const { reason, fix } = explainAs(1337, 1337, path);
      assert.ok(reason.endsWith(`the directory ${secret} belongs to uid 0, gid 0 with mode 0700`), reason);
      assert.match(fix, /chmod g\+rx/);
    }
  });

  it("names what is missing: the file, a directory above it, or the target of a link", async () => {
    const missing = directory.join("none");
    assert.equal((await explain(missing)).reason, "it does not exist (ENOENT)");
    const below = directory.join("none/deeper/file");
    assert.equal((await explain(below)).reason, `the directory ${missing} does not exist (ENOENT)`);
    await symlink("../gone/token", directory.join("link"));
    const { reason } = await explain(directory.join("link"));
    assert.equal(
      reason,
      `${directory.join("link")} is a link to ../gone/token, which does not exist (ENOENT)`,
    );
  });

  it("names a file in the place of a directory, and a directory in the place of a file", async () => {
    await writeFile(directory.join("file"), "");
    const { reason } = await explain(directory.join("file/token"));
    assert.equal(reason, `${directory.join("file")} is a file, not a directory (ENOTDIR)`);
    const { reason: isDirectory, fix } = await explain(directory.path);
    assert.equal(isDirectory, "it is a directory (EISDIR)");
    assert.match(fix ?? "", /container engine created the directory/);
  });

  it("reports links that lead in a circle", async () => {
    await symlink("b", directory.join("a"));
    await symlink("a", directory.join("b"));
    assert.equal((await explain(directory.join("a"))).reason, "its links lead in a circle (ELOOP)");
  });

  it("keeps the message of any other failure", async () => {
    const { reason, fix } = await explainReadFailure("/x", new Error("larger than 4 bytes"));
    assert.deepEqual([reason, fix], ["larger than 4 bytes", undefined]);
    assert.equal((await explainReadFailure("/x", Object.assign(new Error(), { code: "EIO" }))).reason, "EIO");
  });
});
