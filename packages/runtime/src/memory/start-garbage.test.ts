import assert from "node:assert/strict";
import { manualTimers } from "@kasbah/testkit";
import { StartGarbage } from "./start-garbage.ts";

describe("StartGarbage", () => {
  it("releases once, after the calls that waited for the start", async () => {
    let releases = 0;
    using timers = manualTimers();
    await new StartGarbage(() => (releases += 1)).start();
    timers.tick(1_999);
    assert.equal(releases, 0);
    timers.tick(60_000);
    assert.equal(releases, 1);
  });

  it("releases nothing if the daemon stops before", async () => {
    let releases = 0;
    using timers = manualTimers();
    const garbage = new StartGarbage(() => (releases += 1));
    await garbage.start();
    await garbage.stop();
    timers.tick(60_000);
    assert.equal(releases, 0);
  });

  it("frees unused objects at once, by the real collector", async () => {
    const unused = new WeakRef({ name: "unused" });
    await new Promise((resolve) => setImmediate(resolve));
    using timers = manualTimers();
    await new StartGarbage().start();
    timers.tick(2_000);
    assert.equal(unused.deref(), undefined);
  });
});
