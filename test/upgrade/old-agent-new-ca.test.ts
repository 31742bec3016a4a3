import assert from "node:assert/strict";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

describe("old agents with a new CA", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "current", agents: "previous" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("old agents lose no handshake while they renew with a new CA that replaces its intermediate", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("intermediate");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
  });

  it("old agents lose no handshake while a new CA replaces its root and serves a cross-certificate", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("root");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
  });

  it("old agents lose no handshake when the old CA starts on a state with a cross-certificate", async () => {
    const before = await mesh.fingerprints();
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("previous");
      await mesh.untilRenewed();
    });
    assert.deepEqual(await mesh.fingerprints(), before);
  });
});
