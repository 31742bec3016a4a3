import assert from "node:assert/strict";
import { constants, sensitiveHeaders } from "node:http2";
import { eventually } from "@kasbah/testkit";
import { grpcStatus, RpcError } from "../index.ts";
import { frameOf } from "./frame.ts";
import { Http2Channel } from "./index.ts";
import { answerWith, good, type Script, scriptedServer } from "./scripted-server.fixture.ts";

const bytes = {
  encode: (message: Uint8Array) => message,
  decode: (message: Uint8Array) => Buffer.from(message),
};
const say = { path: "/test.Echo/Say", request: bytes, response: bytes };
const hello = Buffer.from("hello");
const soon = { deadlineMs: 60_000 };
const ok = { "grpc-status": "0" };
const { UNKNOWN, DEADLINE_EXCEEDED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, CANCELLED } = grpcStatus;
const { UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED } = grpcStatus;

async function fails(script: Script, deadlineMs = 5_000): Promise<RpcError> {
  await using server = await scriptedServer(script);
  const channel = new Http2Channel({ unixPath: server.unixPath }, { maxResponseBytes: 1024 });
  try {
    await channel.unary(say, hello, { deadlineMs });
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    return error;
  } finally {
    channel.close();
  }
  throw new Error("the call succeeded");
}

const respond =
  (headers: Record<string, string | number>): Script =>
  (stream) =>
    stream.respond(headers, { endStream: true });

const resetWith =
  (code: number): Script =>
  (stream) =>
    stream.close(code);

describe("Http2Channel and a faulty server", () => {
  const cases: readonly [what: string, script: Script, code: number][] = [
    ["is a proxy that answers 400", respond({ ":status": 400 }), INTERNAL],
    ["is a proxy that answers 401", respond({ ":status": 401 }), UNAUTHENTICATED],
    ["is a proxy that answers 403", respond({ ":status": 403 }), PERMISSION_DENIED],
    ["is a proxy that answers 404", respond({ ":status": 404 }), UNIMPLEMENTED],
    ["is a proxy that answers 429", respond({ ":status": 429 }), UNAVAILABLE],
    ["is a proxy that answers 503", respond({ ":status": 503 }), UNAVAILABLE],
    ["is a proxy that answers 418", respond({ ":status": 418 }), UNKNOWN],
    [
      "answers 503 with a gRPC status",
      respond({ ...good, ":status": 503, "grpc-status": "5" }),
      grpcStatus.NOT_FOUND,
    ],
    ["answers with an HTML page", respond({ ":status": 200, "content-type": "text/html" }), UNKNOWN],
    ["sends no status", respond(good), UNKNOWN],
    ["sends no status after its message", answerWith([frameOf(hello)], {}), UNKNOWN],
    ["sends a status of letters", answerWith([frameOf(hello)], { "grpc-status": "OK" }), UNKNOWN],
    ["sends an unknown status", answerWith([frameOf(hello)], { "grpc-status": "17" }), UNKNOWN],
    ["sends no message", answerWith([], ok), UNIMPLEMENTED],
    ["sends two messages", answerWith([frameOf(hello), frameOf(hello)], ok), UNIMPLEMENTED],
    ["sends half a message", answerWith([frameOf(hello).subarray(0, 8)], ok), INTERNAL],
    ["sends too large a message", answerWith([frameOf(Buffer.alloc(1025))], ok), RESOURCE_EXHAUSTED],
    ["compresses its message", answerWith([Buffer.from([1, 0, 0, 0, 0])], ok), INTERNAL],
    ["resets with NO_ERROR", resetWith(constants.NGHTTP2_NO_ERROR), UNKNOWN],
    ["refuses the stream", resetWith(constants.NGHTTP2_REFUSED_STREAM), UNAVAILABLE],
    ["cancels the stream", resetWith(constants.NGHTTP2_CANCEL), CANCELLED],
    ["resets with ENHANCE_YOUR_CALM", resetWith(constants.NGHTTP2_ENHANCE_YOUR_CALM), RESOURCE_EXHAUSTED],
    ["resets with INADEQUATE_SECURITY", resetWith(constants.NGHTTP2_INADEQUATE_SECURITY), PERMISSION_DENIED],
    ["resets with INTERNAL_ERROR", resetWith(constants.NGHTTP2_INTERNAL_ERROR), INTERNAL],
    ["drops the connection", (stream) => stream.session?.destroy(), UNAVAILABLE],
    ["sends GOAWAY", (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM), UNAVAILABLE],
  ];

  for (const [what, script, code] of cases) {
    it(`fails with status ${code} if the server ${what}`, async () => {
      const error = await fails(script);
      assert.equal(error.code, code, error.message);
      assert.deepEqual([error.details, error.retryAfterMs], [undefined, undefined]);
    });
  }

  it("fails with UNAVAILABLE if the server disconnects in the middle of its message", async () => {
    const error = await fails((stream) => {
      stream.respond(good);
      stream.write(frameOf(hello).subarray(0, 7), () => stream.session?.socket.destroy());
    });
    assert.equal(error.code, UNAVAILABLE);
  });

  it("fails with DEADLINE_EXCEEDED if the server never answers, or never ends its answer", async () => {
    assert.equal((await fails(() => {}, 50)).code, DEADLINE_EXCEEDED);
    const dribble: Script = (stream) => {
      stream.respond(good);
      stream.write(frameOf(hello));
    };
    assert.equal((await fails(dribble, 100)).code, DEADLINE_EXCEEDED);
  });

  it("accepts an answer that arrives before the request has ended", async () => {
    const early = respond({ ...good, "grpc-status": "7", "grpc-message": "no" });
    await using server = await scriptedServer(early);
    const channel = new Http2Channel({ unixPath: server.unixPath });
    const { send, responses } = channel.stream(say);
    send(Buffer.alloc(4 * 1024 * 1024));
    await assert.rejects(Array.fromAsync(responses), { code: PERMISSION_DENIED, message: "no" });
    channel.close();
  });
});

describe("Http2Channel", () => {
  it("sends the headers that gRPC requires, its deadline and its metadata, each once", async () => {
    const heard: object[] = [];
    await using server = await scriptedServer((stream, headers) => {
      heard.push({ ...headers });
      answerWith([frameOf(hello)], ok)(stream, headers);
    });
    const channel = new Http2Channel({ unixPath: server.unixPath });
    const metadata = { authorization: "Bearer x", clusterid: "Kubernetes" };
    assert.deepEqual(await channel.unary(say, hello, { deadlineMs: 10_000, metadata }), hello);
    channel.close();
    assert.deepEqual(heard, [
      {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/test.Echo/Say",
        ":authority": "localhost",
        te: "trailers",
        "content-type": "application/grpc",
        "grpc-accept-encoding": "identity",
        "grpc-timeout": "10000m",
        "user-agent": "kasbah",
        ...metadata,
        [sensitiveHeaders]: ["authorization"],
      },
    ]);
  });

  it("reads details in base64 with and without padding, and only a numeric retry delay", async () => {
    for (const [text, wait] of [
      ["AQI=", "1500"],
      ["AQI", "1500"],
    ]) {
      const trailers = {
        "grpc-status": "14",
        "grpc-status-details-bin": String(text),
        "grpc-retry-pushback-ms": String(wait),
      };
      const { details, retryAfterMs } = await fails(answerWith([], trailers));
      assert.deepEqual([Buffer.from(details ?? []).toString("hex"), retryAfterMs], ["0102", 1500]);
    }
    for (const wait of ["-1", "soon", "Infinity"]) {
      const error = await fails(answerWith([], { "grpc-status": "14", "grpc-retry-pushback-ms": wait }));
      assert.equal(error.retryAfterMs, undefined);
    }
  });

  it("replaces a lost connection, and one that the server is closing", async () => {
    await using server = await scriptedServer((stream) => stream.session?.destroy());
    const channel = new Http2Channel({ unixPath: server.unixPath });
    await assert.rejects(channel.unary(say, hello, soon), { code: UNAVAILABLE });
    server.script = answerWith([frameOf(hello)], ok);
    assert.deepEqual(await channel.unary(say, hello, soon), hello);
    server.script = (stream, headers) => {
      stream.session?.close();
      answerWith([frameOf(hello)], ok)(stream, headers);
    };
    for (const connections of [2, 3]) {
      assert.deepEqual(await channel.unary(say, hello, soon), hello);
      assert.equal(server.sockets.length, connections);
    }
    channel.close();
    await eventually(() => server.sockets.every(({ destroyed }) => destroyed));
  });

  it("opens no connection for a caller that has already cancelled, nor after it was closed", async () => {
    await using server = await scriptedServer(answerWith([frameOf(hello)], ok));
    const channel = new Http2Channel({ unixPath: server.unixPath });
    let calls = 0;
    server.script = () => {
      calls += 1;
    };
    const signal = AbortSignal.abort();
    await assert.rejects(channel.unary(say, hello, { ...soon, signal }), { code: CANCELLED });
    channel.close();
    await assert.rejects(channel.unary(say, hello, soon), { code: UNAVAILABLE });
    assert.equal(calls, 0);
  });

  it("ends calls in progress when it is closed", async () => {
    await using server = await scriptedServer(() => {});
    const channel = new Http2Channel({ unixPath: server.unixPath });
    const call = channel.unary(say, hello, soon);
    const { responses } = channel.stream(say);
    const stream = Array.fromAsync(responses);
    setTimeout(() => channel.close(), 50);
    await assert.rejects(call, { code: UNAVAILABLE });
    await assert.rejects(stream, { code: UNAVAILABLE });
  });

  it("rejects with the decoder's error, and cancels a stream that fails to decode", async () => {
    let reset: number | undefined;
    await using server = await scriptedServer((stream) => {
      stream.once("close", () => {
        reset = stream.rstCode;
      });
      stream.respond(good);
      stream.write(frameOf(hello));
    });
    const channel = new Http2Channel({ unixPath: server.unixPath });
    const decode = (): never => {
      throw new TypeError("no");
    };
    const { responses } = channel.stream({ ...say, response: { decode } });
    await assert.rejects(Array.fromAsync(responses), TypeError);
    await eventually(() => reset === constants.NGHTTP2_CANCEL);
    channel.close();
  });

  it("reads no more of a stream than its consumer does", async () => {
    let written = 0;
    await using server = await scriptedServer((stream) => {
      stream.respond(good);
      const pour = () => {
        while (written < 1_000 && stream.write(frameOf(Buffer.alloc(64 * 1024)))) written += 1;
      };
      stream.on("drain", pour);
      pour();
    });
    const channel = new Http2Channel({ unixPath: server.unixPath });
    const { responses, cancel } = channel.stream(say);
    const first = await responses[Symbol.asyncIterator]().next();
    assert.equal(first.value?.length, 64 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(written < 50, `${written} messages of 64 KiB were taken`);
    cancel();
    channel.close();
  });
});
