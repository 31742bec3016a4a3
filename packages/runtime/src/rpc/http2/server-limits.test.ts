import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { grpcStatus, type ServerLimits, type StreamCall, streamRoute } from "../index.ts";
import { Http2Channel, Http2Server } from "./index.ts";

const text = {
  encode: (message: string) => Buffer.from(message),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};
const talk = { path: "/test.Echo/Talk", request: text, response: text };

/** A client with one connection, and at most one stream on it. */
class Client {
  readonly #channel: Http2Channel;
  #answers: AsyncIterator<string> | undefined;

  constructor(unixPath: string) {
    this.#channel = new Http2Channel({ unixPath });
  }

  /** Opens a stream, which stays open. */
  open(message?: string): this {
    const { send, responses } = this.#channel.stream(talk);
    this.#answers = responses[Symbol.asyncIterator]();
    if (message !== undefined) send(message);
    return this;
  }

  async answer(): Promise<string> {
    return (await this.#answers?.next())?.value;
  }

  /** Resolves when the stream has failed, with its status. */
  async failure(): Promise<{ readonly code: number; readonly message: string }> {
    return this.answer().then(
      (answer) => assert.fail(`expected no answer, got ${answer}`),
      (error) => error,
    );
  }

  close(): void {
    this.#channel.close();
  }
}

describe("Http2Server limits", () => {
  let directory: TemporaryDirectory;
  let server: Http2Server;
  let count = 0;
  const clients: Client[] = [];

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close(100);
  });

  async function listen(limits: Partial<ServerLimits>): Promise<() => Client> {
    const handle = async ({ requests, send }: StreamCall<string, string>) => {
      for await (const request of requests) {
        if (request === "stop") return;
        send(request.toUpperCase());
      }
    };
    server = new Http2Server({
      routes: [streamRoute({ path: talk.path, ...text, handle })],
      toStatus: () => ({ code: grpcStatus.INTERNAL, message: "internal error" }),
      limits,
    });
    count += 1;
    const path = directory.join(`limits-${count}`);
    await server.listenUnix(path);
    return () => {
      const client = new Client(path);
      clients.push(client);
      return client;
    };
  }

  it("closes the connection that has been idle longest for a new one, and none with a quiet stream", async () => {
    const dial = await listen({ maxConnections: 2 });
    const quiet = dial().open("a");
    assert.equal(await quiet.answer(), "A");
    const idle = dial().open("stop");
    assert.equal(await idle.answer(), undefined);
    const newest = dial().open("b");
    assert.equal(await newest.answer(), "B");
    assert.equal(server.connections, 2);
    const refused = await dial().open("c").failure();
    assert.equal(refused.code, grpcStatus.UNAVAILABLE);
    assert.equal(server.connections, 2);
  });

  it("ends a stream whose first message does not arrive in time, and no other", async () => {
    const dial = await listen({ bodyTimeoutMs: 50 });
    const quiet = dial().open("a");
    assert.equal(await quiet.answer(), "A");
    const silent = await dial().open().failure();
    assert.equal(silent.code, grpcStatus.DEADLINE_EXCEEDED);
    assert.match(silent.message, /first message/);
    const next = dial().open("b");
    assert.equal(await next.answer(), "B");
    assert.equal(server.inFlight, 2);
  });

  it("refuses a stream beyond the limit of its route, and serves it when another has ended", async () => {
    const dial = await listen({ maxStreams: 1 });
    const first = dial().open("a");
    assert.equal(await first.answer(), "A");
    const refused = await dial().open("b").failure();
    assert.equal(refused.code, grpcStatus.RESOURCE_EXHAUSTED);
    first.close();
    while (server.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    const next = dial().open("c");
    assert.equal(await next.answer(), "C");
  });
});
