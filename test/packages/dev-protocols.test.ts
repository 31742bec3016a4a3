import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:http2";
import { DevProject, freePorts } from "../harness/dev-project.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** HTTP/2 without TLS, as a gRPC server speaks it, on one port, and an upgrade as for WebSockets on another. */
const program = (http2: number, upgrade: number) => `
  require("http2").createServer().on("stream", (stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end("http2");
  }).listen(${http2}, "127.0.0.1");
  require("http").createServer().on("upgrade", (call, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n");
    socket.pipe(socket);
  }).listen(${upgrade}, "127.0.0.1", () => console.log("listening"));`;

describe("kasbah dev run, for other protocols than HTTP/1.1", function () {
  this.timeout(suiteTimeoutMs);

  it("carries HTTP/2 with trailers, as gRPC needs it, and WebSockets without a setting", async function () {
    this.timeout(setUpTimeoutMs);
    await using project = await DevProject.create(await testEnvoy());
    const [doorA = 0, doorB = 0, appA = 0, appB = 0, outA = 0, outB = 0] = await freePorts(6);
    const doors = ["--listen", `${doorA}:${appA}`, "--listen", `${doorB}:${appB}`];
    const calls = [
      "--upstream",
      `${outA}=demo/api@localhost:${doorA}`,
      "--upstream",
      `${outB}=demo/api@localhost:${doorB}`,
    ];
    const command = [process.execPath, "-e", program(appA, appB)];
    const run = project.run("demo/api", ...doors, ...calls, "--", ...command);
    await run.says("api   | listening\n");
    assert.deepEqual(await callHttp2(outA), { body: "http2", status: "0" });
    assert.equal(await upgraded(outB), "hello");
  });
});

async function callHttp2(port: number) {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/", te: "trailers" });
  const [trailers, body] = await Promise.all([
    once(stream, "trailers"),
    stream.setEncoding("utf8").toArray(),
  ]);
  session.close();
  return { body: body.join(""), status: trailers[0]["grpc-status"] };
}

async function upgraded(port: number): Promise<string> {
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const call = request({ host: "127.0.0.1", port, headers }).end();
  const [, socket] = await once(call, "upgrade");
  socket.write("hello");
  const [data] = await once(socket, "data");
  socket.destroy();
  return String(data);
}
