import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { systemClock } from "@kasbah/runtime";
import { eventually, type FakeCa, startFakeCa } from "@kasbah/testkit";
import { Pod } from "../harness/pod.ts";
import { patienceMs } from "../harness/until.ts";

describe("A client that HTTP/2 rejects before its call arrives", () => {
  let ca: FakeCa;
  let pod: Pod;

  before(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
    await pod.start({ flags: { "--workload-socket": pod.path("workload") } }).says("daemon started");
  });
  after(async () => {
    await pod[Symbol.asyncDispose]();
    await ca.close();
  });

  const sockets = () => ({ sds: pod.socket, workload: pod.path("workload") });
  const events = () =>
    pod.agent.log
      .split("\n")
      .filter((line) => line.includes("HTTP/2 ended"))
      .map((line) => {
        const { path, code, cause } = JSON.parse(line);
        return { path, code, cause };
      });
  const counted = async (code: string, times: number) => {
    await eventually(async () => {
      const metrics = await pod.agent.status("/metrics");
      return Object.keys(sockets()).every((socket) =>
        metrics.includes(`kasbah_agent_transport_faults{socket="${socket}",code="${code}"} ${times}\n`),
      );
    }, patienceMs);
  };

  it("is counted each time and logged once with the socket's path, if its :authority is empty", async () => {
    for (let times = 1; times <= 3; times += 1) {
      for (const path of Object.values(sockets())) await sendEmptyAuthority(path);
      await counted("PROTOCOL_ERROR", times);
    }
    const logged = Object.values(sockets()).map((path) => ({
      path,
      code: "PROTOCOL_ERROR",
      cause: "empty authority",
    }));
    assert.deepEqual(events(), logged);
  });

  it("is counted and logged if it does not speak HTTP/2", async () => {
    for (const path of Object.values(sockets())) {
      const socket = connect(path)
        .on("error", () => {})
        .resume();
      socket.write("GET /healthz/ready HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await once(socket, "close");
    }
    await counted("INTERNAL_ERROR", 1);
    assert.deepEqual(
      events()
        .filter(({ cause }) => cause === "not HTTP/2")
        .map(({ path }) => path),
      Object.values(sockets()),
    );
  });
});

async function sendEmptyAuthority(path: string): Promise<void> {
  const session = connectHttp2("http://localhost", { createConnection: () => connect(path) });
  const stream = session.request({ ":method": "POST", ":path": "/x.Y/Z", ":authority": "" });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.once("close", resolve));
  session.close();
}
