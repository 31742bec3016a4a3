import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcJsChannel } from "@kasbah/testkit";
import { GrpcServer } from "./grpc-js/index.ts";
import { createLoopbackIdentity } from "./grpc-js/loopback-identity.fixture.ts";
import { Http2Channel, Http2Server } from "./http2/index.ts";
import {
  type Channel,
  type ChannelTarget,
  grpcStatus,
  type Route,
  RpcError,
  type RpcServerOptions,
  type RpcStatus,
  type StreamCall,
  streamRoute,
  type UnaryCall,
  unaryRoute,
} from "./index.ts";

interface Listening {
  readonly target: ChannelTarget;
  close(graceMs: number): Promise<void>;
}

/** Each server listens where it is used: the CA's port over TLS, and a Unix socket. */
const servers = {
  async "grpc-js"(options: RpcServerOptions): Promise<Listening> {
    const server = new GrpcServer(options);
    const { identity, rootsPem } = await loopback;
    const address = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity);
    return { target: { address, rootsPem }, close: (graceMs) => server.close(graceMs) };
  },
  async "node:http2"(options: RpcServerOptions, directory: string): Promise<Listening> {
    const server = new Http2Server(options);
    const unixPath = join(directory, "socket");
    await server.listenUnix(unixPath);
    return { target: { unixPath }, close: (graceMs) => server.close(graceMs) };
  },
};
const loopback = createLoopbackIdentity();
const channels = { "grpc-js": GrpcJsChannel, "node:http2": Http2Channel };

for (const [server, listen] of Object.entries(servers)) {
  for (const [client, Client] of Object.entries(channels)) {
    describe(`A gRPC route served by ${server} to a client on ${client}`, () =>
      behaves(listen, (target) => new Client(target)));
  }
}

const text = {
  encode: (message: string) => new TextEncoder().encode(message),
  decode: (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
};
const method = (path: string) => ({ path, request: text, response: text });
const soon = { deadlineMs: 20_000 };

function behaves(
  listen: (options: RpcServerOptions, directory: string) => Promise<Listening>,
  createChannel: (target: ChannelTarget) => Channel,
): void {
  let directory: string;
  let server: Listening;
  let channel: Channel;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "kasbah-grpc-"));
  });

  afterEach(async () => {
    channel.close();
    await server.close(100);
    rmSync(directory, { recursive: true });
  });

  async function serve(route: Route, toStatus: (error: unknown) => RpcStatus = opaque): Promise<void> {
    server = await listen({ routes: [route], toStatus, limits: { maxRequestBytes: 1024 } }, directory);
    channel = createChannel(server.target);
  }

  const unary = (handle: (call: UnaryCall<string>) => Promise<string>) =>
    unaryRoute({ path: "/test.Echo/Say", ...text, handle });
  const stream = (handle: (call: StreamCall<string, string>) => Promise<void>) =>
    streamRoute({ path: "/test.Echo/Talk", ...text, handle });

  it("does not decode the body of a caller that the handler rejects", async () => {
    let decoded = 0;
    const decode = (bytes: Uint8Array) => {
      decoded += 1;
      return text.decode(bytes);
    };
    const handle = () => Promise.reject(new Error("who are you?"));
    await serve(unaryRoute({ path: "/test.Echo/Say", encode: text.encode, decode, handle }));
    await assert.rejects(channel.unary(method("/test.Echo/Say"), "hello", soon), RpcError);
    assert.equal(decoded, 0);
  });

  it("answers a malformed body with the status of the decoder's error", async () => {
    await serve(
      unary((call) => Promise.resolve(call.request())),
      (error) => ({
        code: grpcStatus.INVALID_ARGUMENT,
        message: error instanceof TypeError ? "malformed" : "?",
      }),
    );
    const raw = {
      path: "/test.Echo/Say",
      request: { encode: () => Uint8Array.of(0xff, 0xfe) },
      response: text,
    };
    await assert.rejects(channel.unary(raw, "", soon), {
      code: grpcStatus.INVALID_ARGUMENT,
      message: "malformed",
    });
  });

  it("sends nothing of a thrown error to the peer except the status made from it", async () => {
    await serve(unary(() => Promise.reject(new Error("the key is under the mat"))));
    await assert.rejects(channel.unary(method("/test.Echo/Say"), "hello", soon), {
      code: grpcStatus.INTERNAL,
      message: "internal error",
    });
  });

  it("rejects a request over its size limit before the handler runs", async () => {
    let handled = 0;
    await serve(
      unary((call) => {
        handled += 1;
        return Promise.resolve(call.request());
      }),
    );
    await assert.rejects(channel.unary(method("/test.Echo/Say"), "x".repeat(2000), soon), {
      code: grpcStatus.RESOURCE_EXHAUSTED,
    });
    assert.equal(handled, 0);
  });

  it("answers an unknown method with UNIMPLEMENTED", async () => {
    await serve(unary((call) => Promise.resolve(call.request())));
    await assert.rejects(channel.unary(method("/test.Echo/Shout"), "hello", soon), {
      code: grpcStatus.UNIMPLEMENTED,
    });
  });

  it("sends the client the retry delay and the details", async () => {
    const details = Uint8Array.of(1, 2, 3);
    await serve(
      unary(() => Promise.reject(new Error())),
      () => ({
        code: grpcStatus.UNAVAILABLE,
        message: "later",
        retryAfterMs: 1500,
        details,
      }),
    );
    await assert.rejects(channel.unary(method("/test.Echo/Say"), "hello", soon), (error) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.retryAfterMs, 1500);
      assert.deepEqual(Uint8Array.from(error.details ?? []), details);
      return true;
    });
  });

  it("passes headers to the handler, each value as received", async () => {
    await serve(
      unary((call) => Promise.resolve(`${call.request()} ${call.metadata("authorization").join("|")}`)),
    );
    const metadata = { authorization: "Bearer x" };
    assert.equal(await channel.unary(method("/test.Echo/Say"), "hi", { ...soon, metadata }), "hi Bearer x");
  });

  it("aborts the handler's signal when the client's deadline has passed", async () => {
    const gone = Promise.withResolvers<void>();
    let arrived = 0;
    await serve(
      unary((call) => {
        arrived += 1;
        call.signal.addEventListener("abort", () => gone.resolve());
        return new Promise(() => {});
      }),
    );
    // On a busy machine the deadline can pass before the call arrives.
    while (arrived === 0) {
      await assert.rejects(channel.unary(method("/test.Echo/Say"), "hello", { deadlineMs: 50 }), {
        code: grpcStatus.DEADLINE_EXCEEDED,
      });
    }
    await gone.promise;
  });

  it("streams in both directions until the handler returns", async () => {
    await serve(
      stream(async (call) => {
        for await (const request of call.requests) {
          if (request === "stop") return;
          call.send(request.toUpperCase());
        }
      }),
    );
    const { send, responses } = channel.stream(method("/test.Echo/Talk"));
    send("a");
    send("b");
    send("stop");
    assert.deepEqual(await Array.fromAsync(responses), ["A", "B"]);
  });

  it("ends a stream's requests and aborts its signal when the client disconnects", async () => {
    const ended = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    await serve(
      stream(async (call) => {
        call.signal.addEventListener("abort", () => aborted.resolve());
        for await (const request of call.requests) call.send(request);
        ended.resolve();
        call.send("too late");
      }),
    );
    const { send, responses, cancel } = channel.stream(method("/test.Echo/Talk"));
    send("a");
    await assert.rejects(
      async () => {
        for await (const _ of responses) cancel();
      },
      { code: grpcStatus.CANCELLED },
    );
    await Promise.all([ended.promise, aborted.promise]);
  });

  it("ends a stream whose handler throws with the status of the error", async () => {
    await serve(stream(() => Promise.reject(new Error("secret"))));
    const { responses } = channel.stream(method("/test.Echo/Talk"));
    await assert.rejects(Array.fromAsync(responses), {
      code: grpcStatus.INTERNAL,
      message: "internal error",
    });
  });

  it("ends a stream that exceeds the grace period when the server closes", async () => {
    await serve(
      stream(async (call) => {
        for await (const request of call.requests) call.send(request);
      }),
    );
    const { send, responses } = channel.stream(method("/test.Echo/Talk"));
    send("a");
    const { value } = await responses[Symbol.asyncIterator]().next();
    assert.equal(value, "a");
    await server.close(50);
  });

  it("finishes a call in progress before the server closes", async () => {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    await serve(
      unary(async (call) => {
        arrived.resolve();
        await released.promise;
        return call.request();
      }),
    );
    const answer = channel.unary(method("/test.Echo/Say"), "late", soon);
    await arrived.promise;
    const closed = server.close(5_000);
    released.resolve();
    assert.equal(await answer, "late");
    await closed;
  });

  it("carries a message of 3 MiB and an empty one, in both directions", async () => {
    await serve(
      stream(async (call) => {
        for await (const request of call.requests) call.send("x".repeat(Number(request)));
      }),
    );
    const { send, responses, cancel } = channel.stream(method("/test.Echo/Talk"));
    const answers = responses[Symbol.asyncIterator]();
    for (const length of [3 * 1024 * 1024, 0, 1]) {
      send(String(length));
      assert.equal((await answers.next()).value?.length, length);
    }
    cancel();
  });

  it("carries text in any script in the status", async () => {
    const message = "100 % für alle: \u{1f511}\n\u7a7a";
    await serve(
      unary(() => Promise.reject(new Error())),
      () => ({ code: grpcStatus.NOT_FOUND, message }),
    );
    await assert.rejects(channel.unary(method("/test.Echo/Say"), "", soon), {
      code: grpcStatus.NOT_FOUND,
      message,
    });
  });

  it("ends a call that its caller cancels, before and after it has started", async () => {
    await serve(unary(() => new Promise(() => {})));
    const stop = new AbortController();
    const call = channel.unary(method("/test.Echo/Say"), "", { ...soon, signal: stop.signal });
    setTimeout(() => stop.abort(), 30);
    await assert.rejects(call, { code: grpcStatus.CANCELLED });
    const late = channel.unary(method("/test.Echo/Say"), "", { ...soon, signal: stop.signal });
    await assert.rejects(late, { code: grpcStatus.CANCELLED });
  });

  it("fails with UNAVAILABLE, without details, if no server listens", async () => {
    await serve(unary(() => new Promise(() => {})));
    const missing = createChannel({ unixPath: join(directory, "missing") });
    const unavailable = { code: grpcStatus.UNAVAILABLE, details: undefined, retryAfterMs: undefined };
    await assert.rejects(missing.unary(method("/test.Echo/Say"), "", soon), unavailable);
    missing.close();
  });
}

function opaque(): RpcStatus {
  return { code: grpcStatus.INTERNAL, message: "internal error" };
}
