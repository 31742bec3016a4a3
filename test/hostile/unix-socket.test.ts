import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { createCertificate } from "@kasbah/protocol";
import { Http2Channel, Http2Server } from "@kasbah/runtime/grpc-http2";
import { grpcStatus, type Route, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { floods } from "./http2/floods.ts";
import { frameFaults } from "./http2/frame-faults.ts";
import { data, flag, frame, frameType, headers } from "./http2/frames.ts";
import { callOnce, dial, framed } from "./http2/grpc-call.ts";
import { headerBombs } from "./http2/header-bombs.ts";
import { callBlock, literal } from "./http2/hpack.ts";
import { RawConnection } from "./http2/raw-connection.ts";

const { OK, INTERNAL, UNIMPLEMENTED, RESOURCE_EXHAUSTED } = grpcStatus;
const maxRequestBytes = 64 * 1024;
const hello = Buffer.from("hello");
const bytes = { decode: (body: Uint8Array) => body, encode: (body: Uint8Array) => body };
const echo = { path: createCertificate.path, request: bytes, response: bytes };
const pourPath = "/test/Pour";

describe("Server on a Unix socket under abuse of HTTP/2 and gRPC", () => {
  let directory: TemporaryDirectory;
  let server: Http2Server;
  let on: { readonly socketPath: string };
  let channel: Http2Channel;
  let handled: number;
  let poured: number;
  /** The number of streams whose handler noticed that the client had disconnected. */
  let aborted: number;

  before(async () => {
    directory = await temporaryDirectory();
    server = new Http2Server({ routes: routes(), toStatus, limits: { maxRequestBytes } });
    on = { socketPath: directory.join("socket") };
    await server.listenUnix(on.socketPath);
  });

  beforeEach(() => {
    handled = 0;
    poured = 0;
    aborted = 0;
    channel = new Http2Channel({ unixPath: on.socketPath });
  });

  afterEach(async () => {
    assert.deepEqual(
      await channel.unary(echo, hello, { deadlineMs: 20_000 }),
      hello,
      "keeps serving other clients",
    );
    channel.close();
    await eventually(() => server.connections === 0 && server.inFlight === 0);
  });

  after(async () => {
    await server.close(100);
    await directory.remove();
  });

  const toStatus = () => ({ code: INTERNAL, message: "internal error" });

  function routes(): readonly Route[] {
    const answer = unaryRoute<Uint8Array, Uint8Array>({
      ...bytes,
      path: echo.path,
      handle: async (call) => {
        handled += 1;
        return call.request();
      },
    });
    /** Sends as much as it can, whether or not the client reads. */
    const pour = streamRoute<Uint8Array, Uint8Array>({
      ...bytes,
      path: pourPath,
      handle: async (call) => {
        call.signal.addEventListener("abort", () => {
          aborted += 1;
        });
        while (!call.signal.aborted && poured < 1_000) {
          call.send(Buffer.alloc(64 * 1024));
          poured += 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    return [answer, pour];
  }

  for (const { title, run } of [...frameFaults, ...headerBombs, ...floods]) {
    it(`withstands a client that ${title}`, () => run(on));
  }

  const flagged = (first: number) => Buffer.concat([Buffer.of(first), framed(hello).subarray(1)]);
  const malformed: readonly [
    title: string,
    body: Buffer,
    status: number | undefined,
    more?: OutgoingHttpHeaders,
  ][] = [
    ["declares a message of 4 GiB", framed(hello, 2 ** 32 - 1), RESOURCE_EXHAUSTED],
    ["sends one octet more than allowed", framed(Buffer.alloc(maxRequestBytes + 1)), RESOURCE_EXHAUSTED],
    ["declares an empty message and sends data", framed(hello, 0), INTERNAL],
    ["declares more than it sends", framed(hello, 500), INTERNAL],
    ["truncates the length prefix", framed(hello).subarray(0, 3), INTERNAL],
    ["sends no message at all", Buffer.alloc(0), UNIMPLEMENTED],
    ["sends its message twice", Buffer.concat([framed(hello), framed(hello)]), UNIMPLEMENTED],
    ["sends 10,000 empty messages", Buffer.alloc(50_000), UNIMPLEMENTED],
    ["sends an invalid flag", flagged(2), INTERNAL],
    ["compresses without declaring an encoding", flagged(1), INTERNAL],
    ["compresses its message", flagged(1), UNIMPLEMENTED, { "grpc-encoding": "gzip" }],
    ["is not a gRPC request", framed(hello), undefined, { "content-type": "application/json" }],
    ["is gRPC-Web", framed(hello), undefined, { "content-type": "application/grpc-web" }],
    ["uses the method PUT", framed(hello), undefined, { ":method": "PUT" }],
    ["has no te header", framed(hello), INTERNAL, { te: undefined }],
    ["has a deadline in letters", framed(hello), INTERNAL, { "grpc-timeout": "soon" }],
    ["has a nine-digit deadline", framed(hello), INTERNAL, { "grpc-timeout": "100000000S" }],
    ["has a negative deadline", framed(hello), INTERNAL, { "grpc-timeout": "-1S" }],
    ["calls an unknown method", framed(hello), UNIMPLEMENTED, { ":path": "/test/Other" }],
  ];

  for (const [title, body, status, more] of malformed) {
    it(`rejects a call that ${title}, before the handler runs`, async () => {
      assert.equal((await callOnce(on, body, more)).status, status);
      assert.equal(handled, 0);
    });
  }

  it("answers 415 to a request that is not gRPC", async () => {
    const session = dial(on);
    const stream = session.request({ ":method": "POST", ":path": echo.path, "content-type": "text/plain" });
    const [answer] = await once(stream.resume(), "response");
    assert.equal(answer[":status"], 415);
    session.destroy();
  });

  it("accepts a gRPC content type with a suffix, and declared encodings if the message is uncompressed", async () => {
    const more = {
      "content-type": "application/grpc+proto",
      "grpc-encoding": "gzip",
      "grpc-timeout": "99999999H",
    };
    const { status, body } = await callOnce(on, framed(hello), more);
    assert.deepEqual([status, body], [OK, hello]);
  });

  it("reads a message that arrives byte by byte between empty frames", async () => {
    using connection = await RawConnection.greeted(on);
    connection.send(headers(1, callBlock()));
    for (const byte of framed(hello)) connection.send(data(1, Buffer.of(byte)), data(1, Buffer.alloc(0)));
    connection.send(data(1, Buffer.alloc(0), flag.endStream));
    const answer = await connection.heard(frameType.data);
    assert.deepEqual(answer.payload, framed(hello));
  });

  it("ends a call whose message never arrives at the client's deadline, and resets its stream", async () => {
    using connection = await RawConnection.greeted(on);
    connection.send(headers(1, Buffer.concat([callBlock(), literal(["grpc-timeout", "50m"])])));
    assert.equal(await connection.fate(1), "END_STREAM");
    await eventually(() => server.inFlight === 0);
    const reset = connection.frames.find(({ type }) => type === frameType.rstStream);
    assert.equal(reset?.payload.readUInt32BE(0), constants.NGHTTP2_NO_ERROR);
  });

  it("cleans up after a client that disconnects in the middle of a message", async () => {
    for (let round = 0; round < 50; round += 1) {
      const connection = await RawConnection.greeted(on);
      connection.send(headers(1, callBlock()), data(1, framed(hello).subarray(0, 7)));
      if (round % 2 === 0) await eventually(() => server.inFlight > 0);
      connection[Symbol.dispose]();
    }
    await eventually(() => server.connections === 0 && server.inFlight === 0);
    assert.equal(handled, 0);
  });

  it("resets a stream whose client does not read with ENHANCE_YOUR_CALM after a few MiB", async () => {
    const session = dial(on);
    const stream: ClientHttp2Stream = session.request({
      ":method": "POST",
      ":path": pourPath,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => {});
    await new Promise((resolve) => stream.once("close", resolve));
    assert.equal(stream.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await eventually(() => aborted === 1);
    assert.ok(poured < 100, `the server buffered ${poured} times 64 KiB`);
    session.destroy();
  });

  it("stops in time despite calls in progress and silent clients, and lets a client leave that sends GOAWAY", async () => {
    const other = new Http2Server({ routes: routes(), toStatus });
    const there = { socketPath: directory.join("other") };
    await other.listenUnix(there.socketPath);
    using leaving = await RawConnection.greeted(there);
    leaving.send(frame(frameType.goaway, flag.none, 0, Buffer.alloc(8)));
    using busy = await RawConnection.greeted(there);
    busy.send(headers(1, callBlock()));
    using _silent = await RawConnection.open(there);
    await eventually(() => other.connections === 2 && other.inFlight === 1);
    await other.close(50);
    assert.deepEqual([other.connections, other.inFlight], [0, 0]);
  });

  it("disconnects a client that connects and sends no request", async () => {
    const limits = { firstRequestTimeoutMs: 100 };
    const other = new Http2Server({ routes: routes(), toStatus, limits });
    const there = { socketPath: directory.join("third") };
    await other.listenUnix(there.socketPath);
    using silent = await RawConnection.open(there);
    using greeted = await RawConnection.greeted(there);
    const patient = new Http2Channel({ unixPath: there.socketPath });
    await patient.unary(echo, hello, { deadlineMs: 20_000 });
    await Promise.all([silent.closed(5_000), greeted.closed(5_000)]);
    assert.deepEqual(await patient.unary(echo, hello, { deadlineMs: 20_000 }), hello);
    assert.equal(other.connections, 1);
    patient.close();
    await other.close(50);
  });

  it("keeps no state after ten thousand consecutive calls", async () => {
    for (let round = 0; round < 10_000; round += 1) {
      await channel.unary(echo, hello, { deadlineMs: 20_000 });
    }
    await eventually(() => server.inFlight === 0);
    assert.equal(server.connections, 1);
  });

  it("keeps no state after a thousand short-lived clients", async () => {
    for (let round = 0; round < 1_000; round += 1) {
      const client = new Http2Channel({ unixPath: on.socketPath });
      await client.unary(echo, hello, { deadlineMs: 20_000 });
      client.close();
    }
    await eventually(() => server.connections === 0);
  });
});
