import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

const patientMs = 120_000;

describe("intermediates that retire beside each other, across releases", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "previous", agents: "current" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const stages = async () => {
    const { authorities } = await mesh.status();
    return Object.fromEntries(authorities.map(({ id, stage }) => [id, stage]));
  };
  const until = (what: string, isReached: () => Promise<boolean>) =>
    untilSeen(what, patientMs, async () => {
      if (await isReached()) return true;
      await systemClock.sleep(200);
      return undefined;
    });
  const untilSigns = (id: string) =>
    until(`${id} signs`, async () =>
      (await mesh.status()).authorities.some((one) => one.signs && one.id === id),
    );

  it("loses no handshake when the new CA takes a second intermediate during a rotation that the old CA began", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("intermediate");
      await untilSigns("intermediate-2");
      await mesh.replaceCa("current");
      await mesh.beginRotation("intermediate");
      await untilSigns("intermediate-3");
      assert.equal((await stages())["intermediate-1"], "retiring");
      await mesh.untilRenewed();
    });
  });

  it("loses no handshake when the old CA starts while two intermediates retire beside a rotation", async () => {
    await mesh.losesNoHandshake(async () => {
      for (const id of ["intermediate-4", "intermediate-5", "intermediate-6"]) {
        await mesh.beginRotation("intermediate");
        await untilSigns(id);
        await mesh.untilRenewed();
      }
      const before = await stages();
      assert.deepEqual([before["intermediate-4"], before["intermediate-5"]], ["retiring", "active"]);
      await mesh.replaceCa("previous");
      await mesh.untilRenewed();
      assert.equal((await stages())["intermediate-4"], "retiring");
      await mesh.untilRotationEnds();
    });
  });

  it("retires the ones that the old CA left, and keeps the keys that it retires itself", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("current");
      await until("retirement", async () => !Object.values(await stages()).includes("retiring"));
      await mesh.beginRotation("intermediate");
      await mesh.untilRotationEnds();
    });
    const { authorities } = await mesh.status();
    const kept = authorities.filter(({ keyKeptUntil }) => keyKeptUntil !== undefined).map(({ id }) => id);
    const files = kept.map((id) => readdir(join(mesh.stateDirectory, "authorities", id)));
    for (const names of await Promise.all(files)) assert.ok(names.includes("ca-key.pem"), names.join());
    assert.ok(kept.includes("intermediate-6"), kept.join());
    // The old CA destroyed the keys of what had retired before.
    assert.ok(!kept.includes("intermediate-1"), kept.join());
  });

  it("loses no handshake when the new CA recalls an intermediate", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.recall("intermediate-6");
      await untilSigns("intermediate-6");
      await mesh.untilRenewed();
    });
    await mesh.audit("previous", "verify");
  });
});
