import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "../harness/until.ts";
import { assertNoneFailed, storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

describe("the traffic counter of these suites", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "current", agents: "current" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("counts failed handshakes when a CA loses its state and an agent then gets a certificate under another root", async () => {
    const count = await mesh.countHandshakes(async (traffic) => {
      await mesh.replaceCa("current", { stateDirectory: `${mesh.stateDirectory}-empty` });
      await mesh.replaceAgent("frontend", "current");
      await untilSeen("failures", patienceMs, () => traffic.result().failures >= 20 || undefined);
    });
    assert.ok(count.failures >= 20, `${count.failures} failures`);
    assert.match(count.firstFailure ?? "", /^status 503: /);
    assert.ok(count.handshakes <= count.requests - count.failures, `${count.handshakes} handshakes`);
    assert.throws(() => assertNoneFailed(count), /requests failed, the first with: status 503/);
  });
});
