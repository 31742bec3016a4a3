import assert from "node:assert/strict";
import { stat, symlink, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { SpaceReserve } from "./reserve.ts";

const mebibyte = 1024 ** 2;

describe("SpaceReserve", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let volume: { size: number; free: number };

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("reserve");
    volume = { size: 1024 * mebibyte, free: 500 * mebibyte };
  });
  afterEach(() => directory.remove());

  const open = async () => {
    const reserve = new SpaceReserve(path, async () => volume);
    await reserve.open();
    return reserve;
  };
  const bytes = async () => (await stat(path)).size;

  it("occupies 4 MiB, and less of a small volume, for its owner only", async () => {
    await open();
    assert.equal(await bytes(), 4 * mebibyte);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    volume = { size: 8 * mebibyte, free: 8 * mebibyte };
    path = directory.join("small");
    await open();
    assert.equal(await bytes(), 256 * 1024);
  });

  it("is not created where it would take half of the space that is left", async () => {
    volume.free = 8 * mebibyte;
    const reserve = await open();
    assert.equal(reserve.isUsable, false);
    assert.equal(await bytes(), 0);
    assert.equal(await reserve.release(), false);
  });

  it("is given up in sixteen parts, and is whole again once it is restored", async () => {
    const reserve = await open();
    for (let used = 1; used <= 16; used += 1) {
      assert.equal(await reserve.release(), true);
      assert.equal(await bytes(), ((16 - used) * mebibyte) / 4);
    }
    assert.equal(reserve.isUsable, false);
    assert.equal(await reserve.release(), false);
    await reserve.restore();
    assert.equal(await bytes(), 4 * mebibyte);
    assert.equal(reserve.isUsable, true);
  });

  it("makes room for an act only if the volume has nothing left", async () => {
    const reserve = await open();
    await reserve.makeRoom();
    assert.equal(await bytes(), 4 * mebibyte);
    volume.free = 4096;
    await reserve.makeRoom();
    assert.equal(await bytes(), 3.75 * mebibyte);
  });

  it("is found again by the next start, even if the volume is full", async () => {
    await (await open()).release();
    volume.free = 0;
    const again = await open();
    assert.equal(again.isUsable, true);
    assert.equal(await bytes(), 3.75 * mebibyte);
  });

  it("does not follow a symbolic link, and then the CA works without it", async () => {
    const other = directory.join("other");
    await writeFile(other, "");
    await symlink(other, path);
    const reserve = await open();
    assert.equal(reserve.isUsable, false);
    assert.equal((await stat(other)).size, 0);
  });
});
