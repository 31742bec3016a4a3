import assert from "node:assert/strict";
import { connect } from "node:net";
import { systemClock } from "@kasbah/runtime";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { vitalsOf } from "../../harness/vitals.ts";
import { newWorkload, orderOf } from "./control-call.ts";
import { callOn, callOnce, dial, framed } from "./grpc-call.ts";
import { delayIn, servesOthers, withstand } from "./withstand.ts";

const mostFiles = 64;
const watchMs = 2_000;
/** The capacity of the pipe and Node.js's read-ahead; beyond that, the CA's writes block. */
const pipeHolds = 2 * 64 * 1024;
const { OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED } = grpcStatus;

describe("CA with exhausted resources", () => {
  it("row 33: keeps enough descriptors free, does not spin, serves connected clients, and recovers", async () => {
    await using ca = await startCa({ within: ["sh", "-c", `ulimit -n ${mostFiles} && exec "$@"`, "sh"] });
    await servesOthers(ca, "before");
    const session = dial(ca);
    const ask = async () => {
      const { message, headers } = await newWorkload(ca);
      return (await callOn(session, framed(message), headers)).status;
    };
    assert.equal(await ask(), OK);
    const sockets = crowd(ca, 200);
    const closed = () => sockets.filter((socket) => socket.closed).length >= sockets.length - mostFiles;
    await untilSeen("closed connections", 60_000, () => closed() || undefined);
    assert.ok((await vitalsOf(ca.pid)).fds < mostFiles);
    assert.ok((await cpuShareOf(ca.pid)) < 0.5);
    assert.equal(await ask(), OK);
    for (const socket of sockets) socket.destroy();
    session.destroy();
    await servesOthers(ca, "once descriptors are free again");
  });

  it("row 36: is not blocked by a request that consists only of PEM headers", async () => {
    await using ca = await startCa();
    const verdicts = { 1400: INVALID_ARGUMENT, 5000: INVALID_ARGUMENT, 8000: RESOURCE_EXHAUSTED };
    for (const [times, status] of Object.entries(verdicts)) {
      await withstand(ca, async () => {
        const { headers } = await newWorkload(ca);
        const bytes = framed(orderOf("-----BEGIN ".repeat(Number(times))));
        const delayMs = await delayIn(ca, async () => {
          assert.equal((await callOnce(ca, bytes, headers)).status, status);
        });
        assert.ok(delayMs < 1_000, `${delayMs} ms`);
      });
    }
  });

  it("row 44: keeps serving while its log is not read", async () => {
    // Each certificate has its line in the log, however many there are; refusals share a few lines.
    await using ca = await startCa({ flags: ["--default-rate", "0"] });
    ca.process.stopReadingLog();
    await withstand(ca, () => requestCertificates(ca, 600));
    const read = ca.process.log.length;
    ca.process.readLogAgain();
    await ca.process.until("more than the pipe could hold", () => ca.process.log.length - read > pipeHolds);
    await servesOthers(ca, "once the log is read again");
  });
});

/** Opens TCP connections that send nothing; the server has to handle each of them. */
function crowd({ port }: RunningCa, count: number) {
  return Array.from({ length: count }, () => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    return socket.resume();
  });
}

async function cpuShareOf(pid: number): Promise<number> {
  const { cpuMs } = await vitalsOf(pid);
  await systemClock.sleep(watchMs);
  return ((await vitalsOf(pid)).cpuMs - cpuMs) / watchMs;
}

/** Few enough that control calls may wait for the log but not for these calls. */
const atOnce = 10;

/** Makes calls that are not refused; each produces a log line. */
async function requestCertificates(ca: RunningCa, count: number): Promise<void> {
  const session = dial(ca);
  const { headers, message } = await newWorkload(ca);
  try {
    for (let left = count; left > 0; left -= atOnce) {
      const calls = Array.from({ length: atOnce }, () => callOn(session, framed(message), headers));
      const outcomes = await Promise.all(calls);
      assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([OK]));
    }
  } finally {
    session.destroy();
  }
}
