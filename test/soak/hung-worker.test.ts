import assert from "node:assert/strict";
import process from "node:process";
import { untilSeen } from "@kasbah/testkit";
import { startCa } from "../harness/ca-process.ts";
import { patienceMs, suiteTimeoutMs } from "../harness/until.ts";
import { controlCall } from "../hostile/http2/control-call.ts";
import { workerPids } from "../hostile/workers/worker-pids.ts";

describe("CA with a worker that hangs", function () {
  this.timeout(suiteTimeoutMs);

  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  it("gives new connections to the other worker, and replaces the one that hangs", async () => {
    await using ca = await startCa({ flags: ["--workers", "2"] });
    const before = await workerPids(ca);
    const [hung = 0, other] = before;
    process.kill(hung, "SIGSTOP");
    await untilSeen("a replacement", patienceMs, async () =>
      (await ca.process.metric("kasbah_worker_replacements")) === 1 ? true : undefined,
    );
    await untilSeen("two workers", patienceMs, async () =>
      (await ca.process.metric("kasbah_workers")) === 2 ? true : undefined,
    );
    const after = await workerPids(ca);
    assert.ok(!after.includes(hung) && after.includes(other ?? 0), `${before} became ${after}`);
    const { workerPid, reason } = await ca.process.logged("worker ended");
    assert.deepEqual([workerPid, reason], [hung, "it does not answer"]);
    await controlCall(ca);
  });
});
