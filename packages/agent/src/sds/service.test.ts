import assert from "node:assert/strict";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { Readable } from "node:stream";
import { parseTrustDomain } from "@kasbah/pki";
import {
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
  deltaSecrets,
  fetchSecrets,
  secretTypeUrl,
  streamSecrets,
} from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type ClientStream, grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  GrpcJsChannel,
  mintSecret,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { SecretStore } from "../secret/secret-store.ts";
import { ResourceCatalog } from "./resource-catalog.ts";
import { SecretService } from "./service.ts";
import { sdsLimits, sdsStatus } from "./socket.ts";
import type { StreamEvent } from "./subscription/stream-event.ts";
import { WorkloadProvider } from "./workload-provider.ts";

const start = new Date("2030-01-01T00:00:00Z");

/** A client like Envoy: one name per stream, and an ACK for each response. */
class Subscriber {
  readonly stream: ClientStream<DiscoveryRequest, DiscoveryResponse>;
  readonly #responses: AsyncIterator<DiscoveryResponse>;

  constructor(channel: GrpcJsChannel, name: string, request: Partial<DiscoveryRequest> = {}) {
    this.stream = channel.stream(streamSecrets);
    this.#responses = this.stream.responses[Symbol.asyncIterator]();
    this.stream.send({ ...ask(name), ...request });
  }

  async next(): Promise<DiscoveryResponse> {
    const { value, done } = await this.#responses.next();
    assert.ok(!done);
    return value;
  }
}

/** The same client with the delta protocol. */
class DeltaSubscriber {
  readonly #responses: AsyncIterator<DeltaDiscoveryResponse>;

  constructor(channel: GrpcJsChannel, subscribe: readonly string[], held: Record<string, string> = {}) {
    const stream = channel.stream(deltaSecrets);
    this.#responses = stream.responses[Symbol.asyncIterator]();
    const initialVersions = new Map(Object.entries(held));
    const constant = { nodeId: "envoy", typeUrl: secretTypeUrl, unsubscribe: [], responseNonce: "" };
    stream.send({ ...constant, subscribe, initialVersions });
  }

  async next(): Promise<DeltaDiscoveryResponse> {
    const { value, done } = await this.#responses.next();
    assert.ok(!done);
    return value;
  }
}

const identity = {
  trustDomain: parseTrustDomain("cluster.local"),
  namespace: undefined,
  serviceAccount: undefined,
};

const ask = (name: string): DiscoveryRequest => ({
  versionInfo: "",
  nodeId: "envoy",
  resourceNames: [name],
  typeUrl: secretTypeUrl,
  responseNonce: "",
});

describe("SecretService on a Unix socket", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let store: SecretStore;
  let server: Http2Server;
  let channel: GrpcJsChannel;
  let open: number;
  let onOpened: (() => void) | undefined;
  let notes: StreamEvent[];
  let service: SecretService;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    open = 0;
    onOpened = undefined;
    const observer = {
      onOpened: () => {
        open += 1;
        onOpened?.();
      },
      onClosed: () => {
        open -= 1;
      },
      onEvent: (note: StreamEvent) => notes.push(note),
    };
    notes = [];
    const catalog = new ResourceCatalog([new WorkloadProvider(store, identity)]);
    service = new SecretService({ catalog, observer, clock });
    server = new Http2Server({
      routes: service.routes,
      toStatus: sdsStatus,
      limits: { ...sdsLimits, resetBurst: 2_000 },
    });
    await server.listenUnix(directory.join("socket"));
    channel = new GrpcJsChannel({ unixPath: directory.join("socket") });
  });

  afterEach(async () => {
    channel.close();
    await server.close(50);
    await directory.remove();
  });

  const opened = (count: number) =>
    new Promise<void>((resolve) => {
      onOpened = () => open === count && resolve();
    });

  it("ends a stream whose first message has no node with INVALID_ARGUMENT, and no other stream", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const good = new Subscriber(channel, "default");
    await good.next();
    const bad = new Subscriber(channel, "default", { nodeId: "" });
    await assert.rejects(
      bad.next(),
      (error) => error instanceof RpcError && error.code === grpcStatus.INVALID_ARGUMENT,
    );
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.equal((await good.next()).resources[0]?.name, "default");
  });

  it("refuses calls of every method beyond its limit, and accepts new ones when one ends", async () => {
    const observer = { onOpened() {}, onClosed() {}, onEvent() {} };
    const catalog = new ResourceCatalog([new WorkloadProvider(store, identity)]);
    const small = new SecretService({ catalog, observer, clock, maxStreams: 2 });
    const other = new Http2Server({ routes: small.routes, toStatus: sdsStatus, limits: sdsLimits });
    await other.listenUnix(directory.join("small"));
    const narrow = new GrpcJsChannel({ unixPath: directory.join("small") });
    const held = new Subscriber(narrow, "default");
    const roots = new Subscriber(narrow, "ROOTCA").next();
    await eventually(() => small.streams().length === 2);
    const busy = (error: unknown) =>
      error instanceof RpcError && error.code === grpcStatus.UNAVAILABLE && /^SDS_BUSY: /.test(error.message);
    await assert.rejects(new Subscriber(narrow, "default").next(), busy);
    await assert.rejects(new DeltaSubscriber(narrow, ["default"]).next(), busy);
    await assert.rejects(narrow.unary(fetchSecrets, ask("default"), { deadlineMs: 20_000 }), busy);
    const cancelled = assert.rejects(held.next());
    held.stream.cancel();
    await cancelled;
    await eventually(() => small.streams().length === 1);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.equal((await new Subscriber(narrow, "default").next()).resources[0]?.name, "default");
    assert.equal((await roots).resources[0]?.name, "ROOTCA");
    narrow.close();
    await other.close(50);
  });

  it("ends a stream that sends malformed messages with INVALID_ARGUMENT", async () => {
    const raw = { encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes };
    const stream = channel.stream({ path: streamSecrets.path, request: raw, response: raw });
    stream.send(Buffer.from("ffffffff", "hex"));
    const responses = stream.responses[Symbol.asyncIterator]();
    await assert.rejects(
      responses.next(),
      (error) => error instanceof RpcError && error.code === grpcStatus.INVALID_ARGUMENT,
    );
  });

  it("keeps streams open until the first secret, and answers ROOTCA first", async () => {
    const bothOpen = opened(2);
    const leaf = new Subscriber(channel, "default");
    const roots = new Subscriber(channel, "ROOTCA");
    const arrivals: (string | undefined)[] = [];
    const both = Promise.all(
      [leaf, roots].map(async (each) => arrivals.push((await each.next()).resources[0]?.name)),
    );
    await bothOpen;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(arrivals, []);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    await both;
    assert.deepEqual(arrivals, ["ROOTCA", "default"]);
  });

  it("sends new streams the trust bundle but no expired leaf, and the next leaf when it arrives", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    clock.jump(61_000);
    const leaf = new Subscriber(channel, "default");
    const first = leaf.next();
    await new Subscriber(channel, "ROOTCA").next();
    const next = await mintSecret({ receivedAt: clock.now(), ttlMs: 60_000 });
    store.publish(next);
    const [secret] = (await first).resources;
    assert.ok(secret?.kind === "tlsCertificate");
    assert.equal(Buffer.from(secret.certificateChain).toString(), next.leaf.toPem());
  });

  it("pushes a rotated leaf to every stream, without the unchanged roots", async () => {
    const authority = await createTestAuthority();
    store.publish(await mintSecret({ authority, receivedAt: start, ttlMs: 60_000 }));
    const roots = new Subscriber(channel, "ROOTCA");
    const { versionInfo } = await roots.next();
    const leaves = Array.from({ length: 20 }, () => new Subscriber(channel, "default"));
    await Promise.all(leaves.map((leaf) => leaf.next()));
    store.publish(await mintSecret({ authority, receivedAt: start, ttlMs: 60_000 }));
    const pushed = await Promise.all(leaves.map((leaf) => leaf.next()));
    assert.equal(new Set(pushed.map((each) => each.versionInfo)).size, 1);

    const other = await mintSecret({ receivedAt: start, ttlMs: 60_000 });
    store.publish(other);
    assert.notEqual((await roots.next()).versionInfo, versionInfo);
  });

  it("pushes new roots to every stream of either protocol before any leaf", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const arrivals: string[] = [];
    const names = [
      "default",
      "spiffe://cluster.local/ns/demo/sa/frontend",
      "ROOTCA",
      "spiffe://cluster.local",
    ];
    const streams = names.flatMap((name) => [
      { name, stream: new Subscriber(channel, name) },
      { name, stream: new DeltaSubscriber(channel, [name]) },
    ]);
    await Promise.all(streams.map(({ stream }) => stream.next()));
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const arrive = async ({ name, stream }: (typeof streams)[number]) => {
      await stream.next();
      arrivals.push(name);
    };
    await Promise.all(streams.map(arrive));
    const isRoots = (name: string) => name === "ROOTCA" || name === "spiffe://cluster.local";
    assert.deepEqual(arrivals.map(isRoots), [true, true, true, true, false, false, false, false]);
  });

  it("answers each name of a delta stream on its own, and lists unknown names as removed", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const stream = new DeltaSubscriber(channel, ["kubernetes://other", "default", "ROOTCA"]);
    const { resources, removedResources, systemVersionInfo } = await stream.next();
    assert.deepEqual(
      resources.map(({ secret }) => secret.name),
      ["default", "ROOTCA"],
    );
    assert.deepEqual(removedResources, ["kubernetes://other"]);
    assert.equal(systemVersionInfo, resources.map(({ version }) => version).join("+"));
    const held = Object.fromEntries(resources.map(({ secret, version }) => [secret.name, version]));
    const reconnected = await new DeltaSubscriber(channel, ["default"], held).next();
    assert.equal(reconnected.resources[0]?.version, held["default"]);
  });

  it("removes another workload's name from a delta stream once the workload's own name is known", async () => {
    const stream = new DeltaSubscriber(channel, ["spiffe://cluster.local/ns/demo/sa/backend"]);
    await eventually(() => service.watched === 1);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.deepEqual((await stream.next()).removedResources, ["spiffe://cluster.local/ns/demo/sa/backend"]);
    assert.deepEqual(notes, [{ kind: "unknown-name", name: "spiffe://cluster.local/ns/demo/sa/backend" }]);
    await eventually(() => service.watched === 0);
  });

  it("ends the stream of a client that does not read, without delaying the others", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    // Uses bare HTTP/2, because the project's own client would read the responses.
    const session = connect("http://localhost", {
      createConnection: () => createConnection(directory.join("socket")),
    });
    const headers = {
      ":method": "POST",
      ":path": streamSecrets.path,
      "content-type": "application/grpc",
      te: "trailers",
    };
    const idle = session.request(headers).on("error", () => {});
    const body = streamSecrets.request.encode(ask("default"));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    idle.write(Buffer.concat([prefix, body]));
    await eventually(() => open === 1);
    const good = new Subscriber(channel, "default");
    await good.next();
    for (let rotation = 0; open === 2 && rotation < 1_000; rotation += 1) {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      await good.next();
    }
    assert.equal(open, 1);
    assert.deepEqual(notes, [{ kind: "too-slow" }]);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    await good.next();
    session.destroy();
  });

  it("lists every open stream with its resources and their ACK or NACK", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const subscriber = new Subscriber(channel, "default");
    const { nonce } = await subscriber.next();
    subscriber.stream.send({
      ...ask("default"),
      responseNonce: nonce,
      errorDetail: { code: 13, message: "bad key" },
    });
    await eventually(() => service.streams()[0]?.nacks === 1);
    const [view] = service.streams();
    assert.deepEqual(view?.lastNack, { names: ["default"], complaint: "bad key", at: start });
    assert.equal(view?.resources[0]?.state, "refused");
    assert.deepEqual([...service.refused()], [{ name: "default", complaint: "bad key", at: start }]);
    subscriber.stream.cancel();
    await eventually(() => service.streams().length === 0);
    assert.deepEqual([...service.refused()], []);
  });

  it("lists the names that clients request in vain until they disconnect", async () => {
    const subscriber = new Subscriber(channel, "kubernetes://shop");
    const closed = assert.rejects(subscriber.next(), /Cancelled/);
    await eventually(() => [...service.unserved()].join() === "kubernetes://shop");
    subscriber.stream.cancel();
    await closed;
    await eventually(() => [...service.unserved()].length === 0);
  });

  it("forgets a thousand streams that open and close", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    for (let round = 0; round < 1_000; round += 1) {
      const subscriber = new Subscriber(channel, "default", { versionInfo: "kept" });
      await subscriber.next();
      subscriber.stream.cancel();
    }
    await eventually(() => open === 0);
    assert.deepEqual([service.streams(), service.watched], [[], 0]);
  });

  it("forgets ten thousand streams of both protocols that end in every way", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const context = {
      metadata: () => [],
      peerAddress: "unknown",
      peerCertificates: () => [],
      signal: new AbortController().signal,
    };
    const first = streamSecrets.request.encode(ask("default"));
    const ways = [[first], [first, Buffer.from("ffff", "hex")], [Buffer.alloc(0)], []];
    let answered = 0;
    for (let round = 0; round < 10_000; round += 1) {
      const route = service.routes[round % 2];
      assert.ok(route?.kind === "stream");
      const send = () => {
        answered += 1;
        return true;
      };
      const bodies = ways[(round >> 1) % ways.length] ?? [];
      await route.serve(Readable.from(bodies), send, context).catch(() => undefined);
    }
    assert.ok(answered > 2_000);
    assert.deepEqual([open, service.streams(), service.watched], [0, [], 0]);
  });

  describe("FetchSecrets", () => {
    const fetch = (request: Partial<DiscoveryRequest>, deadlineMs = 30_000) =>
      channel.unary(fetchSecrets, { ...ask("default"), ...request }, { deadlineMs });
    const refusal = (code: number, message: RegExp) => (error: unknown) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    };

    it("rejects a request without a node, of another type, or with no or too many names", async () => {
      const wrong = [
        { nodeId: "" },
        { typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster" },
        { resourceNames: [] },
        { resourceNames: Array.from({ length: 10_000 }, (_, index) => `name-${index}`) },
        { resourceNames: ["default", "x".repeat(70_000)] },
      ];
      for (const request of wrong) {
        await assert.rejects(
          fetch(request),
          refusal(grpcStatus.INVALID_ARGUMENT, /^(NODE_MISSING|REQUEST_MALFORMED): /),
        );
      }
    });

    it("rejects a request with an unknown name, names it and sends none of the others", async () => {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      await assert.rejects(
        fetch({ resourceNames: ["default", "kubernetes://other"] }),
        refusal(grpcStatus.NOT_FOUND, /^RESOURCE_UNKNOWN: the agent does not serve "kubernetes:\/\/other";/),
      );
    });

    it("answers with all names even if the client has that version", async () => {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      const resourceNames = ["default", "ROOTCA", "default"];
      const { versionInfo, resources } = await fetch({ resourceNames });
      assert.deepEqual(
        resources.map(({ name }) => name),
        ["default", "ROOTCA"],
      );
      assert.equal((await fetch({ resourceNames, versionInfo })).versionInfo, versionInfo);
    });

    it("waits for the first secret", async () => {
      const answer = fetch({});
      await eventually(() => service.watched === 1);
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      assert.equal((await answer).resources[0]?.name, "default");
      await eventually(() => service.watched === 0);
    });

    it("reports after ten seconds that no secret is available and where to find the reason", async () => {
      const answer = assert.rejects(
        fetch({}),
        refusal(
          grpcStatus.UNAVAILABLE,
          /^RESOURCE_NOT_READY: no secret is available yet for "default"; .*healthz/,
        ),
      );
      await eventually(() => service.watched === 1);
      await clock.advance(10_000);
      await answer;
      assert.equal(service.watched, 0);
    });

    it("stops waiting when the client cancels", async () => {
      await assert.rejects(fetch({}, 50), refusal(grpcStatus.DEADLINE_EXCEEDED, /./));
      await eventually(() => service.watched === 0);
    });
  });
});
