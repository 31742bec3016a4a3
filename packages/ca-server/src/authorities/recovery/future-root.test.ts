import assert from "node:assert/strict";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";

describe("A root that is not valid yet", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock });
  });
  afterEach(() => directory.remove());

  const signs = () => ca.keeper.activeIssuer(clock.now()).authorityId;

  it("is replaced with its intermediate once an operator accepts the clock, even if rotations are paused", async () => {
    await ca.driver.pause();
    clock.jump(-365 * dayMs);
    assert.throws(signs, /run kasbah clock accept, .* \(docs\/recover\.md: root-not-yet-valid\)/);
    assert.deepEqual(await ca.driver.replaceFutureRoot(), ["root-1", "intermediate-1"]);
    assert.equal(signs(), "intermediate-2");
    assert.equal(ca.keeper.state.rotation, undefined);
    assert.equal(ca.keeper.trustBundle().roots.length, 1);
  });

  it("does not exist after a first start two days ahead, because authorities begin two days in the past", async () => {
    clock.jump(-2 * dayMs);
    const { epoch } = ca.keeper.state;
    assert.deepEqual(await ca.driver.replaceFutureRoot(), []);
    assert.deepEqual([ca.keeper.state.epoch, signs()], [epoch, "intermediate-1"]);
  });

  it("is also replaced by rotate --root, but stays trusted until its certificates expire", async () => {
    const { keeper } = ca;
    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    clock.jump(-365 * dayMs);
    await ca.driver.rotate("root");
    assert.equal(signs(), "intermediate-2");
    assert.equal(keeper.trustBundle().roots.length, 2);
  });

  it("is not replaced when the clock is accepted if it has expired, or if a rotation leads to a valid root", async () => {
    clock.jump(3700 * dayMs);
    assert.deepEqual(await ca.driver.replaceFutureRoot(), []);
    clock.jump(-3700 * dayMs);
    await ca.driver.rotate("root");
    clock.jump(200 * dayMs);
    assert.deepEqual(await ca.driver.replaceFutureRoot(), []);
  });
});
