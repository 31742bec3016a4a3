import assert from "node:assert/strict";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from "node:http2";
import { createConnection } from "node:net";
import { type Certificate, parseSpiffeId } from "@kasbah/pki";
import { fetchJwtBundles, fetchX509Bundles, fetchX509Svid, otherProfileMethods } from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { grpcStatus } from "@kasbah/runtime/rpc";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  mintSecret,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { SecretStore } from "../secret/secret-store.ts";
import { WorkloadApi } from "./service.ts";
import { workloadStatus } from "./status.ts";

const start = new Date("2030-01-01T00:00:00Z");
const emptyMessage = Buffer.alloc(5);
const header = { "workload.spiffe.io": "true" };

/** A call over bare HTTP/2, so that the project's own client cannot sanitize it. */
class Call {
  readonly messages: Buffer[] = [];
  readonly stream: ClientHttp2Stream;
  status: number | undefined;
  message = "";
  #bytes = Buffer.alloc(0);

  constructor(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders, body?: Buffer) {
    const fixed = { ":method": "POST", ":path": path, te: "trailers", "content-type": "application/grpc" };
    this.stream = session.request({ ...fixed, ...headers });
    this.stream.on("error", () => undefined);
    for (const event of ["response", "trailers"]) this.stream.on(event, (received) => this.#take(received));
    if (body !== undefined) this.stream.end(body);
  }

  /** Starts reading. A call that is never read grants no more than its first window. */
  read(): this {
    this.stream.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#bytes.length >= 5 && this.#bytes.length >= 5 + this.#bytes.readUInt32BE(1)) {
        const end = 5 + this.#bytes.readUInt32BE(1);
        this.messages.push(this.#bytes.subarray(5, end));
        this.#bytes = this.#bytes.subarray(end);
      }
    });
    return this;
  }

  async gets(count: number): Promise<this> {
    await eventually(() => this.messages.length >= count || this.status !== undefined);
    assert.equal(this.messages.length, count, this.message);
    return this;
  }

  async ends(): Promise<this> {
    await eventually(() => this.status !== undefined);
    return this;
  }

  #take(received: Record<string, unknown>): void {
    if (received["grpc-status"] === undefined) return;
    this.status = Number(received["grpc-status"]);
    this.message = decodeURIComponent(String(received["grpc-message"] ?? ""));
  }
}

describe("WorkloadApi", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let store: SecretStore;
  let api: WorkloadApi;
  let server: Http2Server;
  let sessions: ClientHttp2Session[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    sessions = [];
    await serve();
  });

  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await server.close(50);
    await directory.remove();
  });

  async function serve(maxStreams?: number): Promise<void> {
    await server?.close(50);
    const reasons = () => ["CA_UNREACHABLE: the CA is away"];
    api = new WorkloadApi({ store, clock, reasons, ...(maxStreams === undefined ? {} : { maxStreams }) });
    server = new Http2Server({ routes: api.routes, toStatus: workloadStatus });
    await server.listenUnix(directory.join(`socket${maxStreams ?? ""}`));
    const path = directory.join(`socket${maxStreams ?? ""}`);
    newSession = () => {
      const session = connect("http://localhost", { createConnection: () => createConnection(path) });
      session.on("error", () => undefined);
      sessions.push(session);
      return session;
    };
  }

  let newSession: () => ClientHttp2Session;
  const call = (
    path: string,
    headers: OutgoingHttpHeaders = header,
    body: Buffer | undefined = emptyMessage,
  ) => new Call(newSession(), path, headers, body);
  const svids = () => call(fetchX509Svid.path).read();
  const bundles = () => call(fetchX509Bundles.path).read();
  const mint = (ttlMs = 60_000, options: Partial<Parameters<typeof mintSecret>[0]> = {}) =>
    mintSecret({ receivedAt: clock.now(), ttlMs, ...options });
  const svidIn = (one: Call, index = 0) => {
    const [svid] = fetchX509Svid.response.decode(one.messages[index] ?? Buffer.alloc(0)).svids;
    assert.ok(svid);
    return svid;
  };

  const forged: readonly (readonly [string, OutgoingHttpHeaders])[] = [
    ["missing", {}],
    ["TRUE", { "workload.spiffe.io": "TRUE" }],
    ["more than true", { "workload.spiffe.io": "true x" }],
    ["1", { "workload.spiffe.io": "1" }],
    ["empty", { "workload.spiffe.io": "" }],
    ["two values", { "workload.spiffe.io": ["true", "true"] }],
    ["two values in one header", { "workload.spiffe.io": "true, true" }],
    ["a similar header", { "workload.spiffe.io.example": "true" }],
  ];
  it("ends a call that sends no request message after ten seconds, and frees its place", async () => {
    await serve(1);
    const silent = new Call(newSession(), fetchX509Svid.path, header).read();
    await eventually(() => clock.sleeping === 1);
    await clock.advance(10_000);
    assert.equal((await silent.ends()).status, grpcStatus.UNAVAILABLE);
    store.publish(await mint());
    await svids().gets(1);
  });

  const paths = [
    fetchX509Svid.path,
    fetchX509Bundles.path,
    fetchJwtBundles.path,
    ...otherProfileMethods.map(({ path }) => path),
  ];
  for (const [what, headers] of forged) {
    it(`rejects every method with INVALID_ARGUMENT if the security header is ${what}`, async () => {
      store.publish(await mint());
      for (const path of paths) {
        const refused = await call(path, headers).read().ends();
        assert.equal(refused.status, grpcStatus.INVALID_ARGUMENT, path);
        assert.match(refused.message, /WORKLOAD_HEADER_MISSING/);
        assert.deepEqual(refused.messages, []);
      }
    });
  }

  it("answers methods of other profiles and unknown methods with UNIMPLEMENTED, and explains the former", async () => {
    for (const { path, kind } of otherProfileMethods) {
      const { status, message } = await call(path).read().ends();
      assert.equal(status, grpcStatus.UNIMPLEMENTED, path);
      const method = path.split("/").at(-1);
      assert.match(message, new RegExp(`^WORKLOAD_METHOD_UNSUPPORTED: ${method} needs ${kind}, which`));
      assert.match(message, /authenticate with the X\.509-SVID, or with the pod's service account token/);
    }
    const unknown = await call("/SpiffeWorkloadAPI/FetchEverything").read().ends();
    assert.equal(unknown.status, grpcStatus.UNIMPLEMENTED);
  });

  it("answers FetchJWTBundles with an empty key set for the trust domain, once, and keeps the stream open", async () => {
    const early = call(fetchJwtBundles.path).read();
    await eventually(() => api.streams === 1);
    store.publish(await mint());
    for (const one of [early, call(fetchJwtBundles.path).read()]) {
      const { bundles: keys } = fetchJwtBundles.response.decode(
        (await one.gets(1)).messages[0] ?? Buffer.alloc(0),
      );
      const json = [...keys].map(([domain, set]) => [domain, JSON.parse(Buffer.from(set).toString())]);
      assert.deepEqual(json, [["spiffe://cluster.local", { keys: [] }]]);
    }
    const leaves = await svids().gets(1);
    store.publish(await mint());
    await leaves.gets(2);
    assert.deepEqual([early.messages.length, early.status], [1, undefined]);
  });

  it("answers FetchJWTBundles even if the certificate has expired", async () => {
    store.publish(await mint());
    clock.jump(61_000);
    await call(fetchJwtBundles.path).read().gets(1);
  });

  it("rejects malformed requests, and calls that end without one, with INVALID_ARGUMENT", async () => {
    store.publish(await mint());
    const rubbish = Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from("ffffffff", "hex")]);
    for (const body of [rubbish, Buffer.alloc(0)]) {
      const refused = await call(fetchX509Svid.path, header, body).read().ends();
      assert.equal(refused.status, grpcStatus.INVALID_ARGUMENT);
      assert.deepEqual(refused.messages, []);
    }
  });

  it("accepts a request with unknown fields, as a later version may send", async () => {
    store.publish(await mint());
    const later = Buffer.concat([Buffer.from([0, 0, 0, 0, 3]), Buffer.from([0x7a, 0x01, 0x41])]);
    await call(fetchX509Svid.path, header, later).read().gets(1);
  });

  it("row 24: answers with UNAVAILABLE and the reason instead of an expired certificate, and still serves the roots", async () => {
    store.publish(await mint());
    const waiting = await svids().gets(1);
    clock.jump(61_000);
    const refused = await svids().ends();
    assert.equal(refused.status, grpcStatus.UNAVAILABLE);
    assert.match(refused.message, /WORKLOAD_SECRET_EXPIRED.*CA_UNREACHABLE/);
    assert.deepEqual(refused.messages, []);
    await bundles().gets(1);

    const next = await mint();
    store.publish(next);
    await waiting.gets(2);
    assert.deepEqual(Buffer.from(svidIn(waiting, 1).certificateChain), Buffer.from(next.leaf.der));
  });

  it("row 24: pushes changed roots without the expired certificate", async () => {
    store.publish(await mint());
    const [leaves, roots] = [await svids().gets(1), await bundles().gets(1)];
    clock.jump(61_000);
    store.publishBundle((await mint()).bundle);
    await roots.gets(2);
    assert.equal(leaves.messages.length, 1);
  });

  it("keeps streams open until the first secret, and then answers them", async () => {
    const early = [svids(), bundles()];
    await eventually(() => api.streams === 2);
    assert.deepEqual(
      early.flatMap(({ messages }) => messages),
      [],
    );
    store.publish(await mint());
    for (const each of early) await each.gets(1);
  });

  it("sends a matching chain, key and roots as DER, without revocation or federation", async () => {
    const authority = await createTestAuthority();
    const other = await createTestAuthority();
    const secret = await mint(60_000, { authority });
    const bundle = secret.bundle.union((await mint(60_000, { authority: other })).bundle);
    store.publish({ ...secret, intermediates: [other.certificate], bundle });
    const one = await svids().gets(1);
    const svid = svidIn(one);
    assert.equal(svid.spiffeId, secret.spiffeId.toString());
    assert.ok(parseSpiffeId(svid.spiffeId).equals(secret.spiffeId));
    const both = (first: Certificate, second: Certificate) => Buffer.concat([first.der, second.der]);
    assert.deepEqual(Buffer.from(svid.certificateChain), both(secret.leaf, other.certificate));
    assert.deepEqual(Buffer.from(svid.bundle), both(authority.certificate, other.certificate));
    assert.deepEqual(Buffer.from(svid.privateKey), Buffer.from(secret.keyPair.toPkcs8Der()));
    const set = fetchX509Bundles.response.decode(
      (await bundles().gets(1)).messages[0] ?? Buffer.alloc(0),
    ).bundles;
    assert.deepEqual([...set.keys()], ["spiffe://cluster.local"]);
    assert.deepEqual(Buffer.from(set.get("spiffe://cluster.local") ?? []), Buffer.from(svid.bundle));
  });

  it("pushes a rotation on the same stream, and sends nothing twice", async () => {
    const authority = await createTestAuthority();
    const secret = await mint(60_000, { authority });
    store.publish(secret);
    const [leaves, roots] = [await svids().gets(1), await bundles().gets(1)];
    store.publish({ ...secret });
    store.publish(await mint(60_000, { authority }));
    await leaves.gets(2);
    store.publish(await mint());
    await leaves.gets(3);
    await roots.gets(2);
  });

  it("serves other clients while one sends no request and another does not read, and buffers little for it", async () => {
    const authority = await createTestAuthority();
    store.publish(await mint(60_000, { authority }));
    call(fetchX509Svid.path);
    const silent = new Call(newSession(), fetchX509Svid.path, header);
    const good = await svids().gets(1);
    await eventually(() => api.streams === 2);
    const secrets = await Promise.all(Array.from({ length: 300 }, () => mint(60_000, { authority })));
    for (const [index, secret] of secrets.entries()) {
      store.publish(secret);
      await good.gets(index + 2);
    }
    assert.equal(api.streams, 1, "the stream of the client that never reads is over");
    assert.deepEqual(silent.messages, []);
  });

  it("serves every rotation to a thousand clients, and forgets them when they disconnect", async () => {
    store.publish(await mint());
    // A connection may have a hundred streams.
    const connections = Array.from({ length: 20 }, () => newSession());
    const open = () => connections.flatMap((session) => Array.from({ length: 50 }, () => streamOn(session)));
    const streamOn = (session: ClientHttp2Session) =>
      new Call(session, fetchX509Svid.path, header, emptyMessage).read();
    const clients = open();
    for (const each of clients) await each.gets(1);
    assert.equal(api.streams, 1000);
    store.publish(await mint());
    for (const each of clients) await each.gets(2);
    for (const session of connections) session.destroy();
    await eventually(() => api.streams === 0);
  });

  it("refuses clients beyond its limit with UNAVAILABLE, and accepts new ones when others disconnect", async () => {
    store.publish(await mint());
    await serve(2);
    const [first] = [await svids().gets(1), await svids().gets(1)];
    const refused = await svids().ends();
    assert.equal(refused.status, grpcStatus.UNAVAILABLE);
    assert.match(refused.message, /WORKLOAD_API_BUSY/);
    first?.stream.close();
    await eventually(() => api.streams === 1);
    await svids().gets(1);
  });

  it("ends its streams on stop with a status that makes clients reconnect, and refuses new ones", async () => {
    store.publish(await mint());
    const open = await svids().gets(1);
    const held = call(fetchX509Svid.path, header, undefined).read();
    api.stop();
    for (const each of [await open.ends(), await svids().ends()]) {
      assert.equal(each.status, grpcStatus.UNAVAILABLE);
      assert.match(each.message, /WORKLOAD_API_STOPPING/);
    }
    held.stream.close();
    assert.equal(api.streams, 0);
  });
});
