import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { currentRelease, runCommand } from "../harness/release.ts";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";
import { rootPathOf } from "./processes/ca.ts";

describe("an in-place upgrade", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "previous", agents: "previous" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("loses no handshake and keeps the root when the new CA starts on the state of the old one", async () => {
    const before = await mesh.fingerprints();
    const rootBefore = await readFile(rootPathOf(mesh), "utf8");
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("current");
      await mesh.untilRenewed();
    });
    assert.deepEqual(await mesh.fingerprints(), before);
    assert.equal(await readFile(rootPathOf(mesh), "utf8"), rootBefore);
  });

  it("does not doubt the clock, because the state of the old CA contains no trusted time, and then records it", async () => {
    const stateDir = ["--state-dir", mesh.stateDirectory];
    const { state, reason } = JSON.parse(
      await runCommand(currentRelease, "clock", "status", "--json", ...stateDir),
    );
    assert.deepEqual([state, reason], ["trusted", ""]);
    const record = JSON.parse(await readFile(join(mesh.stateDirectory, "control", "clock.json"), "utf8"));
    assert.equal(record.format, 1);
  });

  it("loses no handshake when the agents are replaced one by one during a rotation of the root", async () => {
    await mesh.losesNoHandshake(async () => {
      await mesh.beginRotation("root");
      await mesh.replaceAgent("frontend", "current");
      await mesh.replaceAgent("backend", "current");
      await mesh.untilRotationEnds();
      await mesh.untilRenewed();
    });
    const { authorities } = await mesh.status();
    const trusted = authorities.filter(({ kind, trusted }) => kind === "root" && trusted);
    assert.deepEqual(
      trusted.map(({ id }) => id),
      ["root-2"],
    );
  });

  it("leaves a ledger that the new command verifies, with the entries of both releases", async () => {
    await mesh.audit("current", "verify");
    // One intermediate signed before the rotation, and another one after it.
    assert.equal((await mesh.recordedIssuers("current")).size, 2);
  });
});
