import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { untilSeen } from "@kasbah/testkit";
import { startCa } from "../harness/ca-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { vitalsOf } from "../harness/vitals.ts";
import { controlCall } from "./http2/control-call.ts";

const openFiles = 512;
const within = ["sh", "-c", `ulimit -n ${openFiles} && exec "$@"`, "sh"];

describe("CA with 512 open files", function () {
  this.timeout(suiteTimeoutMs);

  it("keeps files for its other work when clients open more connections than it may have", async () => {
    await using ca = await startCa({ within });
    const sockets: Socket[] = Array.from({ length: 700 }, () => dial(ca.port));
    try {
      const full = await untilSeen("a full CA", 60_000, async () => {
        const { fds } = await vitalsOf(ca.pid);
        return fds > openFiles / 8 ? fds : undefined;
      });
      assert.ok(full < openFiles * 0.75, `${full} open files`);
      for (let count = 0; count < 5; count += 1) await controlCall(ca);
      assert.match(await ca.process.status("/healthz/live"), /alive/);
      assert.equal((await ca.process.readiness()).ready, true);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    const limits = await ca.process.logged("limits of the gRPC port");
    assert.equal(limits["openFiles"], openFiles);
    const ofAllProcesses = openFiles * Number(limits["workers"]);
    assert.ok(
      Number(limits["maxConnections"]) + Number(limits["maxWaitingConnections"]) <= ofAllProcesses / 2,
    );
  });
});

/** A connection that sends the first bytes of a handshake and then stalls. */
function dial(port: number): Socket {
  const socket = connectTcp({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
  socket.on("error", () => {});
  socket.write(Buffer.from([22, 3, 1]));
  return socket;
}
