import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { eventually, temporaryDirectory } from "@kasbah/testkit";
import { vitalsOf } from "../harness/vitals.ts";

const mostFiles = 40;
const watchMs = 2_000;

/** A server that echoes messages. */
const program = `
  import { Http2Server } from "@kasbah/runtime/grpc-http2";
  import { unaryRoute } from "@kasbah/runtime/rpc";
  const same = (bytes) => bytes;
  const route = unaryRoute({ path: "/test/Echo", decode: same, encode: same, handle: async (call) => call.request() });
  const server = new Http2Server({
    routes: [route],
    toStatus: () => ({ code: 13, message: "internal error" }),
  });
  await server.listenUnix(process.argv[1]);
  console.log("ready");
`;

const bytes = {
  encode: (message: Uint8Array) => message,
  decode: (message: Uint8Array) => Buffer.from(message),
};
const echo = { path: "/test/Echo", request: bytes, response: bytes };
const hello = Buffer.from("hello");

describe("Server on a Unix socket without free descriptors", () => {
  it("does not spin, serves connected clients, and recovers", async () => {
    const directory = await temporaryDirectory();
    const unixPath = directory.join("socket");
    const node = [
      process.execPath,
      "--conditions=kasbah-source",
      "--input-type=module",
      "-e",
      program,
      unixPath,
    ];
    const child = spawn("sh", ["-c", `ulimit -n ${mostFiles} && exec "$@"`, "sh", ...node]);
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += String(chunk);
    });
    try {
      await eventually(() => said.includes("ready"));
      const channel = new Http2Channel({ unixPath });
      const ask = (by: Http2Channel) => by.unary(echo, hello, { deadlineMs: 20_000 });
      assert.deepEqual(await ask(channel), hello);
      const crowd = Array.from({ length: 2 * mostFiles }, () =>
        createConnection(unixPath).on("error", () => {}),
      );
      // libuv reserves one descriptor, with which it accepts such connections and closes them.
      await eventually(() => crowd.some(({ destroyed }) => destroyed));
      assert.ok(child.pid !== undefined);
      const before = await vitalsOf(child.pid);
      await systemClock.sleep(watchMs);
      assert.ok((await vitalsOf(child.pid)).cpuMs - before.cpuMs < watchMs / 2);
      assert.deepEqual(await ask(channel), hello);
      for (const socket of crowd) socket.destroy();
      channel.close();
      await eventually(async () => {
        const later = new Http2Channel({ unixPath });
        const answer = await ask(later).catch(() => undefined);
        later.close();
        return answer?.equals(hello) ?? false;
      });
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await directory.remove();
    }
  });
});
