import assert from "node:assert/strict";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { nodeFs, type PublishedFile } from "@kasbah/runtime";
import { faultyFs, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { FileSet } from "./file-set.ts";

const setOf = (text: string) => [
  { name: "key.pem", bytes: `key ${text}`, mode: 0o600 },
  { name: "cert-chain.pem", bytes: `chain ${text}`, mode: 0o644 },
];

describe("FileSet", () => {
  let directory: TemporaryDirectory;
  let set: FileSet;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    set = new FileSet(directory.path);
  });
  afterEach(() => directory.remove());

  /** Both files as seen by a reader that resolves `..data` once. */
  const seen = async () => {
    const version = await realpath(directory.join("..data"));
    const [key, chain] = await Promise.all(
      ["key.pem", "cert-chain.pem"].map((name) => readFile(`${version}/${name}`, "utf8")),
    );
    return [key?.split(" ")[1], chain?.split(" ")[1]];
  };
  /** Both files as seen by a reader that does not use `..data`. */
  const seenByName = () =>
    Promise.all(
      ["key.pem", "cert-chain.pem"].map(
        async (name) => (await readFile(directory.join(name), "utf8")).split(" ")[1],
      ),
    );
  const versions = async () =>
    (await readdir(directory.path)).filter((name) => name.startsWith("..kasbah-") || name.includes("tmp"));

  it("leaves the complete old or new version, whichever call fails (row 11), and succeeds at the next attempt", async () => {
    await set.publish(setOf("0"));
    const counting = faultyFs();
    await new FileSet(directory.path, { ...counting, symlink }).publish(setOf("1"));
    const calls = counting.calls.length;
    assert.ok(calls > 12, `only ${calls} calls`);
    for (let failAt = 1; failAt <= calls; failAt += 1) {
      const [before] = await seen();
      const fs = { ...faultyFs(failAt, "EIO"), symlink };
      const next = `fault${failAt}`;
      await rejectsWithCode(new FileSet(directory.path, fs).publish(setOf(next)), "FILE_NOT_DURABLE");
      const [key, chain] = await seen();
      assert.equal(key, chain, `call ${failAt}`);
      assert.ok(key === before || key === next, `call ${failAt}: ${key}`);
      await set.publish(setOf(`${failAt}`));
      assert.deepEqual(await seen(), [`${failAt}`, `${failAt}`]);
    }
  });

  for (const lasts of ["once", "for good"] as const) {
    it(`replaces a pair of plain files as a whole if a call fails ${lasts === "once" ? "once" : "permanently"}`, async () => {
      const inPlace = { cert: directory.join("cert-chain.pem"), key: directory.join("key.pem") };
      for (let failAt = 1, isDone = false; !isDone; failAt += 1) {
        await rm(directory.path, { recursive: true });
        await mkdir(directory.path);
        await writeFile(inPlace.key, "key old", { mode: 0o600 });
        await writeFile(inPlace.cert, "chain old");
        const faulty = new FileSet(directory.path, { ...faultyFs(failAt, "EIO", lasts), symlink });
        isDone = await faulty.publish(setOf("new")).then(
          () => true,
          () => false,
        );
        const [key, chain] = await seenByName();
        assert.equal(key, chain, `call ${failAt}`);
        assert.ok(key === "new" || (key === "old" && !isDone), `call ${failAt}: ${key}`);
        await set.publish(setOf("next"));
        assert.deepEqual(await seenByName(), ["next", "next"]);
        assert.ok(isDone || failAt < 100);
        if (isDone) assert.ok(failAt > 20, `only ${failAt} calls`);
      }
    });
  }

  it("keeps the contents of plain files with a mode no wider than before or than the new one", async () => {
    await writeFile(directory.join("key.pem"), "key old", { mode: 0o644 });
    await writeFile(directory.join("cert-chain.pem"), "chain old", { mode: 0o600 });
    await set.publish(setOf("new"));
    const modes = ["key.pem", "cert-chain.pem"].map(async (name) => {
      assert.match(await readFile(directory.join("..kasbah-1", name), "utf8"), / old$/);
      return (await stat(directory.join("..kasbah-1", name))).mode & 0o777;
    });
    assert.deepEqual(await Promise.all(modes), [0o600, 0o600]);
  });

  it("does not follow a link that replaced its version directory, and does not change the target", async () => {
    const target = directory.join("private");
    await mkdir(target, { mode: 0o700 });
    const plant = async (from: string, to: string) => {
      await nodeFs.rename(from, to);
      if (!to.endsWith("..kasbah-1")) return;
      await nodeFs.rename(to, directory.join("moved"));
      await symlink(target, to);
    };
    const planted = new FileSet(directory.path, { ...nodeFs, symlink, rename: plant });
    await rejectsWithCode(planted.publish(setOf("1")), "FILE_NOT_DURABLE");
    assert.equal((await stat(target)).mode & 0o777, 0o700);
    await set.publish(setOf("2"));
    assert.deepEqual(await seen(), ["2", "2"]);
  });

  it("does not replace another program's directory", async () => {
    await mkdir(directory.join("key.pem", "foreign"), { recursive: true });
    const error = await rejectsWithCode(set.publish(setOf("1")), "OUTPUT_PATH_BLOCKED");
    assert.match(error.message, /key\.pem is a directory, .*: move or remove the directory/);
    assert.deepEqual(await readdir(directory.join("key.pem")), ["foreign"]);
  });

  it("replaces plain files and links to elsewhere, without following the links", async () => {
    await writeFile(directory.join("elsewhere"), "precious");
    await symlink("elsewhere", directory.join("key.pem"));
    await writeFile(directory.join("cert-chain.pem"), "old");
    await set.publish(setOf("1"));
    assert.equal(await readFile(directory.join("elsewhere"), "utf8"), "precious");
    assert.equal(await readlink(directory.join("key.pem")), "..data/key.pem");
    assert.equal(await readFile(directory.join("cert-chain.pem"), "utf8"), "chain 1");
  });

  it("writes files with the requested modes regardless of the umask", async () => {
    await set.publish(setOf("1"));
    assert.equal((await stat(directory.join("key.pem"))).mode & 0o777, 0o600);
    assert.equal((await stat(directory.join("cert-chain.pem"))).mode & 0o777, 0o644);
  });

  it("finds no difference if and only if every byte, mode and link matches", async () => {
    const kinds = async (files: readonly PublishedFile[]) =>
      (await set.differences(files)).map(({ name, kind }) => `${name} ${kind}`);
    assert.deepEqual(await kinds(setOf("1")), ["key.pem contents", "cert-chain.pem contents"]);
    await set.publish(setOf("1"));
    assert.deepEqual(await kinds(setOf("1")), []);
    assert.equal((await kinds(setOf("2"))).length, 2);
    assert.deepEqual(await kinds([{ name: "key.pem", bytes: "key 1", mode: 0o640 }]), ["key.pem form"]);
    await rm(directory.join("cert-chain.pem"));
    await writeFile(directory.join("cert-chain.pem"), "chain 1");
    await writeFile(directory.join("..data", "key.pem"), "tampered");
    assert.deepEqual(await kinds(setOf("1")), ["key.pem contents", "cert-chain.pem form"]);
  });

  for (const { change, work } of [
    {
      change: "..data leads to a copy elsewhere",
      work: async (join: (name: string) => string) => {
        await cp(join("..kasbah-1"), join("copy"), { recursive: true });
        await rm(join("..data"));
        await symlink(join("copy"), join("..data"));
      },
    },
    {
      change: "a link is in the place of the version",
      work: async (join: (name: string) => string) => {
        await rename(join("..kasbah-1"), join("moved"));
        await symlink("moved", join("..kasbah-1"));
      },
    },
    {
      change: "everyone can write to the version",
      work: (join: (name: string) => string) => chmod(join("..kasbah-1"), 0o777),
    },
    {
      change: "no other user can search the version",
      work: (join: (name: string) => string) => chmod(join("..kasbah-1"), 0o700),
    },
  ]) {
    it(`finds a difference of form in each file if ${change}, and shows its own version again`, async () => {
      await set.publish(setOf("1"));
      await work((name) => directory.join(name));
      const found = await set.differences(setOf("1"));
      assert.deepEqual(
        found.map(({ kind }) => kind),
        ["form", "form"],
      );
      await set.publish(setOf("1"));
      assert.deepEqual(await set.differences(setOf("1")), []);
      const version = await lstat(directory.join(await readlink(directory.join("..data"))));
      assert.ok(version.isDirectory());
      assert.equal(version.mode & 0o777, 0o755);
      await set.prune(0);
      assert.deepEqual(await seen(), ["1", "1"]);
    });
  }

  it("removes its old versions and the leftovers of killed processes, and nothing else", async () => {
    await mkdir(directory.join("..2026_11_21"));
    await mkdir(directory.join("...kasbah-9.tmp-abc"));
    for (const text of ["1", "2", "3"]) await set.publish(setOf(text));
    await set.prune(1);
    assert.deepEqual((await versions()).toSorted(), ["..kasbah-2", "..kasbah-3"]);
    await set.prune(0);
    assert.deepEqual(await versions(), ["..kasbah-3"]);
    assert.deepEqual(await seen(), ["3", "3"]);
    assert.ok((await readdir(directory.path)).includes("..2026_11_21"));
  });

  describe("generations", () => {
    const generations = async () =>
      (await readdir(directory.path)).filter((name) => /^\.{2,3}kasbah-\d/.test(name));
    const mostly = async () => assert.ok((await generations()).length <= 2, String(await generations()));

    for (const errno of ["ENOSPC", "EACCES"]) {
      it(`never has more than two generations with a key, whichever call fails with ${errno} or kills the agent`, async () => {
        await set.publish(setOf("0"));
        await set.publish(setOf("1"));
        const counting = faultyFs();
        await new FileSet(directory.path, { ...counting, symlink }).publish(setOf("2"));
        for (let failAt = 1; failAt <= counting.calls.length; failAt += 1) {
          const faulty = faultyFs(failAt, errno, "for good");
          // As after a kill, nothing is cleaned up.
          const untilDead =
            <T extends readonly unknown[]>(work: (...given: T) => Promise<void>) =>
            async (...given: T) => {
              if (faulty.calls.length < failAt) return work(...given);
              throw Object.assign(new Error("killed"), { code: errno });
            };
          const [rmAlive, unlinkAlive] = [untilDead(nodeFs.rm), untilDead(nodeFs.unlink)];
          const killed = { ...faulty, symlink, rm: rmAlive, unlink: unlinkAlive };
          await rejectsWithCode(
            new FileSet(directory.path, killed).publish(setOf(`${failAt}`)),
            "FILE_NOT_DURABLE",
          );
          await mostly();
          const once = { ...faultyFs(failAt, errno), symlink };
          await new FileSet(directory.path, once).publish(setOf(`${failAt} again`)).catch(() => undefined);
          await mostly();
        }
        await set.publish(setOf("last"));
        await mostly();
        assert.deepEqual(await seen(), ["last", "last"]);
      });
    }

    it("does not write the key once more for each attempt while a name cannot be linked", async () => {
      await set.publish(setOf("0"));
      const refuse = async (from: string, to: string) => {
        if (to.endsWith("/key.pem")) throw Object.assign(new Error("refused"), { code: "EACCES", dest: to });
        await nodeFs.rename(from, to);
      };
      await rm(directory.join("key.pem"));
      const refused = new FileSet(directory.path, { ...nodeFs, symlink, rename: refuse });
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const error = await rejectsWithCode(refused.publish(setOf("1")), "FILE_NOT_DURABLE");
        assert.match(error.message, /permission denied \(EACCES\) at .*\/key\.pem$/);
        assert.deepEqual(await generations(), ["..kasbah-1", "..kasbah-2"]);
      }
    });

    for (const name of ["key.pem", "..data", "..key.pem.kasbah-tmp"]) {
      it(`writes no key at all while a directory is in the place of ${name}`, async () => {
        await mkdir(directory.join(name));
        for (let attempt = 0; attempt < 5; attempt += 1)
          await rejectsWithCode(set.publish(setOf("1")), "OUTPUT_PATH_BLOCKED");
        assert.deepEqual(await readdir(directory.path), [name]);
        await rm(directory.join(name), { recursive: true });
        await set.publish(setOf("1"));
        assert.deepEqual(await seen(), ["1", "1"]);
      });
    }

    it("links the standing generation again if the link to it was removed or leads elsewhere", async () => {
      await set.publish(setOf("1"));
      for (const target of [undefined, "/nowhere", "..kasbah-7"]) {
        await rm(directory.join("..data"));
        if (target !== undefined) await symlink(target, directory.join("..data"));
        await set.publish(setOf("1"));
        assert.equal(await readlink(directory.join("..data")), "..kasbah-1");
        assert.deepEqual(await generations(), ["..kasbah-1"]);
      }
    });

    it("removes the key of an old generation even if a foreign directory in it cannot be removed", async () => {
      await set.publish(setOf("1"));
      await set.publish(setOf("2"));
      const rmOf = async (path: string) => {
        throw Object.assign(new Error(path), { code: "EACCES" });
      };
      await mkdir(directory.join("..kasbah-1", "backup"));
      await assert.rejects(new FileSet(directory.path, { ...nodeFs, symlink, rm: rmOf }).prune(0));
      assert.deepEqual(await readdir(directory.join("..kasbah-1")), ["backup"]);
    });

    it("does not follow a link in the place of an old generation", async () => {
      await set.publish(setOf("1"));
      await mkdir(directory.join("private"));
      await writeFile(directory.join("private", "file"), "precious");
      await symlink("private", directory.join("..kasbah-9"));
      await set.prune(0);
      assert.equal(await readFile(directory.join("private", "file"), "utf8"), "precious");
      assert.deepEqual(await generations(), ["..kasbah-1"]);
    });
  });
});
