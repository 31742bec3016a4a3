import assert from "node:assert/strict";
import process from "node:process";
import { untilSeen } from "@kasbah/testkit";
import { startCa } from "../harness/ca-process.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { mintDemoToken } from "../harness/token-issuer.ts";
import { patienceMs, suiteTimeoutMs } from "../harness/until.ts";

describe("CA with a worker that hangs", function () {
  this.timeout(suiteTimeoutMs);

  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  it("replaces the worker, and issues certificates afterwards", async () => {
    await using ca = await startCa({ flags: ["--workers", "2"] });
    const { workerPid: hung } = await ca.process.logged("worker started");
    process.kill(Number(hung), "SIGSTOP");
    await untilSeen("a replacement", 2 * patienceMs, async () =>
      (await ca.process.metric("kasbah_worker_replacements")) === 1 ? true : undefined,
    );
    const { workerPid, reason } = await ca.process.logged("worker ended");
    assert.deepEqual([workerPid, reason], [hung, "it does not answer"]);
    await untilSeen("two workers", patienceMs, async () =>
      (await ca.process.metric("kasbah_workers")) === 2 ? true : undefined,
    );
    const callers = await Callers.start(2, await mintDemoToken(ca.tokens, "frontend"));
    callers.meet(ca.port, ca.rootPem);
    await untilSeen("certificates", patienceMs, async () => (callers.received.length > 4 ? true : undefined));
    await callers.stop();
  });
});
