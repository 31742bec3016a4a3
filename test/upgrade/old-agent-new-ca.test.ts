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
});
