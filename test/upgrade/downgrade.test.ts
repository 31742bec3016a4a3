import assert from "node:assert/strict";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

describe("a downgrade", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "current", agents: "current" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("loses no handshake and keeps the root when the old CA starts on the state of the new one", async () => {
    const before = await mesh.fingerprints();
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("previous");
      await mesh.replaceAgent("frontend", "previous");
      await mesh.replaceAgent("backend", "previous");
    });
    assert.deepEqual(await mesh.fingerprints(), before);
  });

  it("loses no handshake when the new CA takes over a rotation that the old CA started after the downgrade", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("intermediate");
      await mesh.replaceCa("current");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
  });

  it("leaves a ledger that the commands of both releases verify", async () => {
    await mesh.audit("previous", "verify");
    await mesh.audit("current", "verify");
    assert.equal((await mesh.recordedIssuers("previous")).size, 2);
  });
});
