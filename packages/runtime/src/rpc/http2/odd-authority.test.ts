import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { grpcStatus, type TransportFault, unaryRoute } from "../index.ts";
import { frameOf } from "./frame.ts";
import { literalField } from "./harmless-authority/hpack.fixture.ts";
import {
  clientPreface,
  continuationFrame,
  dataFrame,
  flags,
  framesIn,
  goAwayFrame,
  headersFrame,
  type RawFrame,
  settingsFrame,
} from "./harmless-authority/raw-frames.fixture.ts";
import { Http2Server } from "./index.ts";

const path = "/test.Echo/Say";
const echo = unaryRoute<Uint8Array, Uint8Array>({
  path,
  decode: (body) => body,
  encode: (body) => body,
  handle: async (call) => call.request(),
});

/** What clients send: paths of sockets, targets of gRPC, names of Envoy clusters, and worse. */
const authorities = [
  "localhost",
  "/run/spiffe/workload.sock",
  "%2Frun%2Fspiffe%2Fworkload.sock",
  "unix:///run/spiffe/workload.sock",
  "unix:/run/spiffe/workload.sock",
  "@abstract",
  "outbound|15012||sds.local",
  "sds socket",
  "sds@x",
  '"quoted"',
  "back\\slash",
  "{sds}",
  "a#b?c",
  "é",
  "x".repeat(3_000),
];

describe("Http2Server on a Unix socket", () => {
  let directory: TemporaryDirectory;
  let server: Http2Server;
  let socketPath: string;
  let faults: TransportFault[];

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());
  let count = 0;
  beforeEach(async () => {
    faults = [];
    server = new Http2Server({
      routes: [echo],
      toStatus: () => ({ code: grpcStatus.INTERNAL, message: "internal error" }),
      onTransportFault: (fault) => faults.push(fault),
    });
    count += 1;
    socketPath = directory.join(`s${count}`);
    await server.listenUnix(socketPath);
  });
  afterEach(() => server.close(100));

  const open = () => connectHttp2("http://localhost", { createConnection: () => connect(socketPath) });
  /** The gRPC status and the answer of one call, or the error that ended it. */
  async function call(session: ClientHttp2Session, authority: string, body = Buffer.from("hello")) {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      ":authority": authority,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const answer: Buffer[] = [];
    let status: unknown;
    stream.on("data", (chunk: Buffer) => answer.push(chunk));
    stream.on("trailers", (trailers) => {
      status = trailers["grpc-status"];
    });
    stream.on("error", () => {});
    stream.end(frameOf(body));
    await new Promise((resolve) => stream.once("close", resolve));
    return { status, answer: Buffer.concat(answer), reset: stream.rstCode };
  }

  it("answers a client with any :authority, on one connection and on many", async () => {
    const session = open();
    const answered = { status: "0", answer: frameOf(Buffer.from("hello")), reset: 0 };
    for (const authority of [...authorities, ...authorities]) {
      assert.deepEqual(await call(session, authority), answered, authority);
      const other = open();
      assert.deepEqual(await call(other, authority), answered, authority);
      other.close();
    }
    session.close();
    assert.deepEqual(faults, []);
  });

  it("answers many calls with different authorities at the same time", async () => {
    const session = open();
    const bodies = Array.from({ length: 90 }, (_, index) => Buffer.alloc(index * 2_000, index));
    const answers = await Promise.all(
      bodies.map((body, index) => call(session, `/run/${"x".repeat(index * 7)}`, body)),
    );
    for (const [index, { answer }] of answers.entries())
      assert.deepEqual(answer, frameOf(bodies[index] ?? Buffer.of()));
    session.close();
  });

  it("resets a stream with an empty :authority, reports it, and serves the connection's other streams", async () => {
    const session = open();
    assert.equal((await call(session, "")).reset, constants.NGHTTP2_PROTOCOL_ERROR);
    assert.equal((await call(session, "localhost")).status, "0");
    assert.deepEqual(faults, [{ ended: "stream", code: "PROTOCOL_ERROR", cause: "empty authority" }]);
    session.close();
  });

  it("reports streams beyond the limit of a connection, and none that it answers or its client resets", async () => {
    const session = open();
    await call(session, "/run/x");
    const never = session.request({
      ":method": "POST",
      ":path": path,
      ":authority": "x",
      te: "trailers",
      "content-type": "application/grpc",
    });
    never.on("error", () => {});
    await eventually(() => server.inFlight === 1);
    never.close(constants.NGHTTP2_CANCEL);
    await eventually(() => server.inFlight === 0);
    assert.deepEqual(faults, []);
    session.close();
    const raw = await RawClient.open(socketPath);
    const headers = callHeaders("localhost", "");
    raw.send(...Array.from({ length: 101 }, (_, index) => headersFrame(index * 2 + 1, headers)));
    await eventually(() => faults.length > 0);
    assert.deepEqual(faults, [{ ended: "stream", code: "REFUSED_STREAM" }]);
    raw.end();
  });

  it("reports a client that speaks HTTP/1.1 or TLS", async () => {
    for (const octets of ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", `\u0016\u0003\u0001${"\0".repeat(100)}`]) {
      const raw = connect(socketPath);
      raw.on("error", () => {}).resume();
      raw.write(Buffer.from(octets, "latin1"));
      await once(raw, "close");
    }
    const fault = { ended: "connection", code: "INTERNAL_ERROR", cause: "not HTTP/2" };
    assert.deepEqual(faults, [fault, fault]);
  });

  it("reports no fault of a client that names its own stream as the last one when it disconnects, as grpc-go does", async () => {
    const leaving = await RawClient.open(socketPath);
    leaving.send(headersFrame(1, callHeaders("localhost", "")), dataFrame(1, frameOf(Buffer.from("hello"))));
    await leaving.frame(({ type, streamId }) => type === 0 && streamId === 1);
    leaving.send(goAwayFrame(1));
    await leaving.frame(({ type }) => type === 7);
    assert.deepEqual(faults, []);
    leaving.end();
    const faulty = await RawClient.open(socketPath);
    faulty.send(dataFrame(1, Buffer.from("no call")));
    await faulty.frame(({ type }) => type === 7);
    assert.deepEqual(faults, [{ ended: "connection", code: "PROTOCOL_ERROR" }]);
    faulty.end();
  });

  it("answers a call whose header block comes octet by octet, in CONTINUATION frames, padded and with a priority", async () => {
    const block = callHeaders("/run/spiffe/workload.sock", "x".repeat(20_000));
    const [padding, priority] = [Buffer.alloc(9), Buffer.from([0x80, 0, 0, 0, 15])];
    const padded = Buffer.concat([Buffer.of(9), priority, block.subarray(0, 16_000), padding]);
    const frames = Buffer.concat([
      headersFrame(1, padded, flags.padded | flags.priority),
      continuationFrame(1, block.subarray(16_000), flags.endHeaders),
      dataFrame(1, frameOf(Buffer.from("hello"))),
    ]);
    const raw = await RawClient.open(socketPath);
    for (const octet of frames) raw.send(Buffer.of(octet));
    const answer = await raw.frame(({ type, streamId }) => type === 0 && streamId === 1);
    assert.deepEqual(answer.payload, frameOf(Buffer.from("hello")));
    raw.end();
  });

  it("closes both sides when either is closed, and frees the connection", async () => {
    const raw = await RawClient.open(socketPath);
    await eventually(() => server.connections === 1);
    raw.end();
    await eventually(() => server.connections === 0);
    const other = await RawClient.open(socketPath);
    await eventually(() => server.connections === 1);
    await server.close(0);
    await other.closed;
    assert.equal(server.connections, 0);
    assert.deepEqual(faults, []);
  });
});

/** The headers of a call, with Huffman code; `value` makes them long. */
function callHeaders(authority: string, value: string): Buffer {
  const field = (name: string, text: string) =>
    literalField({ form: "indexing", name, value: text, huffmanName: true, huffmanValue: true });
  return Buffer.concat([
    field(":method", "POST"),
    field(":scheme", "http"),
    field(":path", path),
    literalField({ form: "indexing", name: 1, value: authority, huffmanValue: true }),
    field("content-type", "application/grpc"),
    field("te", "trailers"),
    literalField({ form: "without", name: "x-more", value }),
  ]);
}

/** A client that sends any octets. */
class RawClient {
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = once(socket, "close");
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  /** Opens a connection and reads the server's settings. */
  static async open(socketPath: string): Promise<RawClient> {
    const client = new RawClient(connect(socketPath));
    client.send(clientPreface, settingsFrame());
    await client.frame(({ type }) => type === 4);
    return client;
  }

  send(...octets: Buffer[]): void {
    for (const each of octets) this.#socket.write(each);
  }

  async frame(isIt: (frame: RawFrame) => boolean): Promise<RawFrame> {
    await eventually(() => framesIn(this.#received).some(isIt));
    return framesIn(this.#received).find(isIt) ?? assert.fail("no such frame");
  }

  end(): void {
    this.#socket.end();
  }
}
