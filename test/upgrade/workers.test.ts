import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "../harness/until.ts";
import { workerPids } from "../harness/worker-pids.ts";
import { storyTimeoutMs, UpgradeMesh } from "./mesh.ts";

const twoWorkers = { flags: ["--workers", "2"] };

describe("an upgrade to a CA with two worker processes, and back", function () {
  this.timeout(storyTimeoutMs);
  let mesh: UpgradeMesh;

  before(async () => {
    mesh = await UpgradeMesh.start({ ca: "previous", agents: "previous" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  it("loses no handshake and keeps the root when the new CA starts with two workers under old agents", async () => {
    const before = await mesh.fingerprints();
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("current", twoWorkers);
      await mesh.untilRenewed();
    });
    assert.equal((await workerPids(mesh.ca)).length, 2);
    assert.deepEqual(await mesh.fingerprints(), before);
  });

  it("loses no handshake when workers are killed while an old and a new agent renew", async () => {
    await mesh.losesNoHandshake(async () => {
      const killed = await workerPids(mesh.ca);
      for (const pid of killed) process.kill(pid, "SIGKILL");
      await mesh.replaceAgent("frontend", "current");
      await mesh.untilRenewed();
      await untilSeen("two new workers", patienceMs, async () => {
        const workers = await workerPids(mesh.ca);
        return (workers.length === 2 && !workers.some((pid) => killed.includes(pid))) || undefined;
      });
    });
  });

  it("loses no handshake and keeps the root when the old CA takes the state of the CA with workers", async () => {
    const before = await mesh.fingerprints();
    await mesh.losesNoHandshake(async () => {
      await mesh.replaceCa("previous");
      await mesh.untilRenewed();
    });
    assert.deepEqual(await mesh.fingerprints(), before);
  });

  it("leaves a ledger with the entries of both CAs that the commands of both releases verify", async () => {
    await mesh.audit("previous", "verify");
    await mesh.audit("current", "verify");
    assert.equal((await mesh.recordedIssuers("previous")).size, 1);
  });
});
