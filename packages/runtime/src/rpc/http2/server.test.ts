import assert from "node:assert/strict";
import { GrpcJsChannel, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type Channel, grpcStatus, type StreamCall, streamRoute } from "../index.ts";
import { Http2Channel, Http2Server } from "./index.ts";

const text = {
  encode: (message: string) => Buffer.from(message),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};
const talk = { path: "/test.Echo/Talk", request: text, response: text };

describe("Http2Server", () => {
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());

  const clients: Record<string, (unixPath: string) => Channel> = {
    "grpc-js": (unixPath) => new GrpcJsChannel({ unixPath }),
    "node:http2": (unixPath) => new Http2Channel({ unixPath }),
  };
  for (const [client, open] of Object.entries(clients)) {
    it(`keeps the streams on its first socket when it serves a second one (client on ${client})`, async () => {
      const handle = async ({ requests, send }: StreamCall<string, string>) => {
        for await (const request of requests) send(request.toUpperCase());
      };
      const server = new Http2Server({
        routes: [streamRoute({ path: talk.path, ...text, handle })],
        toStatus: () => ({ code: grpcStatus.INTERNAL, message: "internal error" }),
      });
      const first = directory.join(`${client.slice(0, 4)}-1`);
      const second = directory.join(`${client.slice(0, 4)}-2`);
      await server.listenUnix(first);
      const [before, after] = [open(first), open(second)];
      const earlier = before.stream(talk);
      const answers = earlier.responses[Symbol.asyncIterator]();
      earlier.send("a");
      assert.equal((await answers.next()).value, "A");
      await server.listenUnix(second);
      const later = after.stream(talk);
      later.send("b");
      earlier.send("c");
      assert.equal((await later.responses[Symbol.asyncIterator]().next()).value, "B");
      assert.equal((await answers.next()).value, "C");
      for (const channel of [before, after]) channel.close();
      await server.close(100);
    });
  }
});
