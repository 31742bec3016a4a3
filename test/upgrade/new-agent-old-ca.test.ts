import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

describe("new agents with an old CA", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "previous", agents: "current" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("new agents lose no handshake while they renew with an old CA that replaces its intermediate", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("intermediate");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
  });
});
