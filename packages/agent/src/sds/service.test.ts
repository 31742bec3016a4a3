import assert from "node:assert/strict";
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  secretTypeUrl,
  streamSecrets,
} from "@kasbah/protocol";
import { GrpcChannel } from "@kasbah/runtime/grpc";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type ClientStream, grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import {
  createTestAuthority,
  FakeClock,
  mintSecret,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { SecretStore } from "../secret-store.ts";
import { SecretService } from "./service.ts";
import { sdsStatusOf } from "./status.ts";

const start = new Date("2030-01-01T00:00:00Z");

/** A subscriber like Envoy: one name per stream; acknowledges what it gets. */
class Subscriber {
  readonly stream: ClientStream<DiscoveryRequest, DiscoveryResponse>;
  readonly #responses: AsyncIterator<DiscoveryResponse>;

  constructor(channel: GrpcChannel, name: string, request: Partial<DiscoveryRequest> = {}) {
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

const ask = (name: string): DiscoveryRequest => ({
  versionInfo: "",
  nodeId: "envoy",
  resourceNames: [name],
  typeUrl: secretTypeUrl,
  responseNonce: "",
});

describe("The SDS service on a Unix socket", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let store: SecretStore;
  let server: Http2Server;
  let channel: GrpcChannel;
  let open: number;
  let onOpened: (() => void) | undefined;

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
      onNote: () => {},
    };
    const service = new SecretService(store, observer);
    server = new Http2Server({
      routes: [service.route],
      toStatus: sdsStatusOf,
      limits: { resetBurst: 2_000 },
    });
    await server.listenUnix(directory.join("socket"));
    channel = new GrpcChannel({ unixPath: directory.join("socket") });
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

  it("ends a stream whose first message has no node with INVALID_ARGUMENT, and no other", async () => {
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

  it("ends a stream of rubbish with INVALID_ARGUMENT", async () => {
    const raw = { encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes };
    const stream = channel.stream({ path: streamSecrets.path, request: raw, response: raw });
    stream.send(Buffer.from("ffffffff", "hex"));
    const responses = stream.responses[Symbol.asyncIterator]();
    await assert.rejects(
      responses.next(),
      (error) => error instanceof RpcError && error.code === grpcStatus.INVALID_ARGUMENT,
    );
  });

  it("holds streams that come before the first secret, and answers ROOTCA first", async () => {
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

  it("hands an expired leaf to no new stream, yet the roots, and the next leaf when there is one", async () => {
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

  it("pushes a rotated leaf to every stream, and not the roots that stayed", async () => {
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

  it("forgets a thousand streams that come and go", async () => {
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    for (let round = 0; round < 1_000; round += 1) {
      const subscriber = new Subscriber(channel, "default", { versionInfo: "kept" });
      subscriber.stream.responses;
      await subscriber.next();
      subscriber.stream.cancel();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(open, 0);
  });
});
