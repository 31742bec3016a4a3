import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "./authorities-on-disk.fixture.ts";
import { emptyState } from "./rotation/authority-state.ts";

describe("SelfSigned", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock });
  });
  afterEach(() => directory.remove());

  const root2 = async () => {
    const pair = await ca.keys.find("root-2");
    assert.ok(pair);
    return pair;
  };
  const ids = async () => (await readdir(directory.join("authorities"))).sort();

  it("adopts an authority that a crash left outside the state instead of creating another", async () => {
    const rotated = await ca.driver.rotate("root");
    const made = rotated.authorities.find(({ id }) => id === "root-2")?.fingerprint;
    // The keys exist but the state does not name them, as after a crash in between.
    await using other = await temporaryDirectory();
    const before = await openOnDisk({ path: other.path, clock });
    await before.keys.keep("root-2", await root2());
    await before.keys.keep("intermediate-2", ca.keys.of("intermediate-2"));
    const { authorities } = await before.driver.rotate("root");
    assert.equal(authorities.find(({ id }) => id === "root-2")?.fingerprint, made);
    assert.ok(authorities.some(({ id }) => id === "intermediate-2"));
  });

  it("ignores an old authority and an intermediate of another root, and uses the next number", async () => {
    await ca.driver.rotate("root");
    await using other = await temporaryDirectory();
    clock.jump(2000 * dayMs);
    const later = await openOnDisk({ path: other.path, clock });
    await later.keys.keep("root-2", await root2());
    await later.keys.keep("intermediate-2", ca.keys.of("intermediate-2"));
    await later.driver.rotate("root");
    for (let looks = 0; looks < 3; looks++) await later.driver.look(false);
    const { authorities } = later.driver.status();
    const inUse = authorities.filter(({ stage }) => stage !== "retired").map(({ id }) => id);
    assert.deepEqual(inUse, ["root-3", "intermediate-3"]);
  });

  it("creates no root before the date of this release", async () => {
    await using other = await temporaryDirectory();
    const early = new FakeClock("1970-01-01T00:10:00Z");
    await rejectsWithCode(openOnDisk({ path: other.path, clock: early }), "CLOCK_SUSPECT");
    assert.deepEqual(await readdir(other.join("authorities")), []);
  });

  it("backdates authorities by two days, but no intermediate beyond its root", async () => {
    const starts = () =>
      ca.keeper.state.authorities.map(({ certificate }) => certificate.notBefore.toISOString());
    assert.deepEqual(starts(), ["2029-12-30T00:00:00.000Z", "2029-12-30T00:00:00.000Z"]);
    const [root] = ca.keeper.state.authorities;
    assert.equal(root?.createdAt.toISOString(), "2030-01-01T00:00:00.000Z");
    clock.jump(-dayMs);
    await ca.driver.rotate("intermediate");
    assert.deepEqual(starts().at(-1), "2029-12-30T00:00:00.000Z");
  });

  it("creates each authority with a new key, name and serial", async () => {
    await ca.driver.rotate("root");
    await ca.driver.rotate("intermediate");
    const { authorities } = ca.keeper.state;
    const keys = new Set(authorities.map(({ certificate }) => certificate.publicKey.hash));
    const serials = new Set(authorities.map(({ certificate }) => certificate.serial));
    assert.deepEqual([keys.size, serials.size], [authorities.length, authorities.length]);
    assert.deepEqual(await ids(), ["intermediate-1", "intermediate-2", "intermediate-3", "root-1", "root-2"]);
    assert.equal(emptyState.authorities.length, 0);
  });
});
