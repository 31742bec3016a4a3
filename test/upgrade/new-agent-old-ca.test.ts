import assert from "node:assert/strict";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

describe("new agents with an old CA", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "previous", agents: "current" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("the new command has a code of its own for an operation that the old CA does not know", async () => {
    const { code, err } = await runKasbahCommand(mesh.stateDirectory, ["overview"]);
    assert.deepEqual([code, /upgrade it, or use .* \(ADMIN_OUTDATED\)\n$/.test(err)], [1, true], err);
  });

  it("new agents lose no handshake while they renew with an old CA that replaces its intermediate", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("intermediate");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
  });
});
