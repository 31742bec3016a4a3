import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { createConnection } from "node:net";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import { eventually } from "@kasbah/testkit";
import { grpcStatus, unaryRoute } from "../index.ts";
import { GrpcServer, type ServingIdentity } from "./index.ts";
import { createLoopbackIdentity } from "./loopback-identity.fixture.ts";

const path = "/test.Echo/Say";
const call = { ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc" };

describe("GrpcServer over TLS", () => {
  let server: GrpcServer;
  let port: number;
  let ca: string;
  let identity: ServingIdentity;
  let handled: number;

  before(async () => {
    ({ identity, rootsPem: ca } = await createLoopbackIdentity());
    const echo = unaryRoute<Uint8Array, Uint8Array>({
      path,
      decode: (body) => body,
      encode: (body) => body,
      handle: async (received) => {
        handled += 1;
        return received.request();
      },
    });
    const toStatus = () => ({ code: grpcStatus.INTERNAL, message: "internal error" });
    server = new GrpcServer({
      routes: [echo],
      toStatus,
      limits: { maxRequestBytes: 1024, maxConcurrentStreams: 7 },
    });
    ({ port } = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity));
  });

  beforeEach(() => {
    handled = 0;
  });

  afterEach(async () => {
    assert.deepEqual(await say(Buffer.from("still there?")), {
      status: "0",
      body: Buffer.from("still there?"),
    });
  });

  after(() => server.close(100));

  /** Opens a session and waits until both sides have received the other's settings. */
  async function dial(): Promise<ClientHttp2Session> {
    const session = connect(`https://127.0.0.1:${port}`, { ca });
    session.on("error", () => {});
    await once(session, "remoteSettings");
    await new Promise((resolve) => session.ping(resolve));
    return session;
  }

  it("prints nothing of a header that gRPC does not allow", async () => {
    const printed: string[] = [];
    const { error } = console;
    console.error = (...values: unknown[]) => void printed.push(values.join(" "));
    try {
      await say(Buffer.from("hello"), { authorization: "Bearer secret\u00e4" });
    } finally {
      console.error = error;
    }
    assert.deepEqual(printed, []);
  });

  async function say(message: Buffer, headers: Record<string, string> = {}, compressed = 0) {
    const session = await dial();
    const stream = session.request({ ...call, ...headers });
    const trailers: Record<string, unknown> = {};
    for (const event of ["response", "trailers"]) {
      stream.on(event, (received: object) => Object.assign(trailers, received));
    }
    stream.on("error", () => {});
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(compressed);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    const chunks = await stream.toArray().catch(() => []);
    session.destroy();
    return { status: trailers["grpc-status"], body: Buffer.concat(chunks).subarray(5) };
  }

  it("announces its limits of streams and headers in its settings", async () => {
    const session = await dial();
    assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
    assert.equal(session.remoteSettings.maxHeaderListSize, 20 * 1024);
    session.destroy();
  });

  it("rejects a compressed message that is over the limit, without decompressing it completely", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    const fits = gzipSync(Buffer.alloc(512 * 1024));
    assert.ok(fits.length < 1024, "small enough to get past the limit of what is received");
    for (const packed of [bomb, fits]) {
      const { status } = await say(packed, { "grpc-encoding": "gzip" }, 1);
      assert.equal(status, String(grpcStatus.RESOURCE_EXHAUSTED));
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 50 * 1024 * 1024);
    assert.equal(handled, 0);
  });

  it("calls no handler if the headers of a call are over the limit", async () => {
    await say(Buffer.from("x"), { authorization: `Bearer ${"x".repeat(40 * 1024)}` });
    assert.equal(handled, 0);
  });

  it("disconnects a client that opens and immediately resets streams", async () => {
    const session = await dial();
    for (let count = 0; count < 400 && !session.destroyed; count += 1) {
      const stream = session.request({ ...call });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // Not the GOAWAY, which Node 24 does not send.
    await eventually(() => server.connections === 0);
    session.destroy();
  });

  it("ends an answered call whose client never ends its request", async () => {
    const session = await dial();
    const stream = session.request({ ...call, "grpc-timeout": "50m" });
    stream.resume();
    const [answer] = await once(stream, "response");
    assert.equal(answer["grpc-status"], String(grpcStatus.DEADLINE_EXCEEDED));
    await once(stream, "close");
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
    assert.equal(session.destroyed, false);
    session.destroy();
  });

  it("counts only its open connections", async () => {
    const sessions = await Promise.all([dial(), dial()]);
    assert.equal(server.connections >= 2, true);
    for (const session of sessions) session.destroy();
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.inFlight, 0);
  });

  it("survives garbage, plaintext HTTP/2 and silence instead of a handshake", async () => {
    for (const opening of ["\0".repeat(100), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]) {
      const socket = createConnection({ host: "127.0.0.1", port });
      socket.on("error", () => {});
      socket.end(opening);
      await once(socket, "close");
    }
  });

  it("survives garbage after the handshake", async () => {
    const socket = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.end(Buffer.alloc(4096, 0xff));
    socket.resume();
    await once(socket, "close");
  });

  it("rejects TLS versions older than 1.2", async () => {
    const socket = connectTls({ host: "127.0.0.1", port, ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" });
    const [error]: [{ code?: string }] = (await once(socket, "error").catch((reason) => [reason])) as never;
    assert.match(String(error.code), /SSL|PROTO|VERSION/);
  });

  it("rejects cipher suites without authenticated encryption, also with a renewed certificate", async () => {
    for (const isRenewed of [false, true]) {
      if (isRenewed) server.updateIdentity(identity);
      const cbc = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" } as const;
      const socket = connectTls({ host: "127.0.0.1", port, ca, ...cbc });
      const [error]: [{ code?: string }] = (await once(socket, "error").catch((reason) => [reason])) as never;
      assert.match(String(error.code), /HANDSHAKE_FAILURE/, `renewed: ${isRenewed}`);
    }
  });
});
