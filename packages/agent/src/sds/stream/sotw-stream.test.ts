import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseTrustDomain } from "@kasbah/pki";
import { type DiscoveryResponse, secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { FakeClock, mintSecret, throwsWithCode } from "@kasbah/testkit";
import { SecretStore } from "../../secret/secret-store.ts";
import type { ResourceProvider } from "../resource-catalog.ts";
import type { StreamEvent } from "../subscription/stream-event.ts";
import { WorkloadProvider } from "../workload-provider.ts";
import { DeltaStream } from "./delta-stream.ts";
import type { StreamDeps } from "./sds-stream.ts";
import { SotwStream } from "./sotw-stream.ts";

const recorded = (name: string) => {
  const path = new URL(`../../../../../test/fixtures/envoy-1.40-sds/${name}.bin`, import.meta.url);
  return streamSecrets.request.decode(readFileSync(path));
};

describe("SotwStream", () => {
  const clock = new FakeClock(new Date("2030-01-01T00:00:00Z"));
  let store: SecretStore;
  let options: StreamDeps<DiscoveryResponse>;
  let sent: DiscoveryResponse[];
  let events: StreamEvent[];
  let stream: SotwStream;

  beforeEach(async () => {
    store = new SecretStore(clock);
    store.publish(await mintSecret({ receivedAt: clock.now(), ttlMs: 60_000 }));
    sent = [];
    events = [];
    const identity = {
      trustDomain: parseTrustDomain("cluster.local"),
      namespace: undefined,
      serviceAccount: undefined,
    };
    options = {
      catalog: new WorkloadProvider(store, identity),
      clock,
      send: (response) => sent.push(response),
      onEvent: (event) => events.push(event),
    };
    stream = new SotwStream(options);
  });

  const request = {
    versionInfo: "",
    nodeId: "",
    resourceNames: ["default"],
    typeUrl: secretTypeUrl,
    responseNonce: "",
  };

  it("requires the node in the first message only", () => {
    throwsWithCode(() => stream.receive(request), "NODE_MISSING");
    stream.receive({ ...request, nodeId: "envoy" });
    stream.receive({ ...request, responseNonce: sent[0]?.nonce ?? "" });
    assert.equal(sent.length, 1);
  });

  it("ignores a request for another type and stays open", () => {
    stream.receive({
      ...request,
      nodeId: "envoy",
      typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    });
    assert.equal(sent.length, 0);
    assert.equal(events[0]?.kind, "unknown-type");
    stream.receive(request);
    assert.equal(sent.length, 1);
  });

  it("answers Envoy 1.40's first request, including its 61 KB node", () => {
    const first = recorded("sotw-default-1");
    assert.notEqual(first.nodeId, "");
    stream.receive(first);
    assert.deepEqual(
      sent[0]?.resources.map(({ name }) => name),
      ["default"],
    );
  });

  it("sends no response to Envoy's ACK of both names", () => {
    for (const name of ["default", "ROOTCA"]) {
      const fresh = new SotwStream(options);
      sent = [];
      fresh.receive(recorded(`sotw-${name}-1`));
      fresh.receive({ ...recorded(`sotw-${name}-2`), responseNonce: sent[0]?.nonce ?? "" });
      assert.equal(sent.length, 1);
    }
    assert.deepEqual(events, []);
  });

  it("records Envoy's NACK with its message, and sends only newer versions", async () => {
    stream.receive(recorded("sotw-default-1"));
    const nack = { ...recorded("sotw-default-3"), responseNonce: sent[0]?.nonce ?? "" };
    for (let round = 0; round < 1_000; round += 1) stream.receive(nack);
    assert.equal(sent.length, 1);
    assert.equal(events.length, 1_000);
    assert.ok(events[0]?.kind === "nack" && events[0].complaint.includes("KEY_VALUES_MISMATCH"));

    store.publish(await mintSecret({ receivedAt: clock.now(), ttlMs: 60_000 }));
    stream.update(["ROOTCA"]);
    stream.update(["default"]);
    assert.equal(sent.length, 2);
  });

  it("shows its resources and the client's ACK or NACK, and no key", () => {
    stream.receive({ ...request, nodeId: "e".repeat(10_000), resourceNames: ["default", "ROOTCA"] });
    assert.deepEqual(
      stream.view.resources.map(({ name, state }) => [name, state]),
      [
        ["default", "sent"],
        ["ROOTCA", "sent"],
      ],
    );
    const names = ["default", "ROOTCA"];
    stream.receive({ ...request, resourceNames: names, responseNonce: sent[0]?.nonce ?? "" });
    assert.deepEqual(new Set(stream.view.resources.map(({ state }) => state)), new Set(["accepted"]));
    const errorDetail = { code: 13, message: "x".repeat(100_000) };
    stream.receive({ ...request, resourceNames: names, responseNonce: sent[0]?.nonce ?? "", errorDetail });
    const { nacks, lastNack, node, protocol, resources } = stream.view;
    assert.deepEqual([protocol, node.length, nacks, lastNack?.complaint.length], ["sotw", 512, 1, 512]);
    assert.deepEqual(lastNack?.at, clock.now());
    assert.equal(resources[0]?.state, "refused");
    assert.ok(!JSON.stringify(stream.view).includes("BEGIN"));
  });

  it("shows a name as refused while its current contents are those that the client rejected", () => {
    let version = "a";
    const secret = { kind: "validationContext", name: "ROOTCA", trustedCa: Buffer.of(1) } as const;
    const catalog = {
      ...options.catalog,
      claims: () => true,
      current: () => ({ name: "ROOTCA", version, secret }),
    };
    const own = new SotwStream({ ...options, catalog });
    const names = { ...request, resourceNames: ["ROOTCA"] };
    const publish = (next: string) => {
      version = next;
      own.update(["ROOTCA"]);
    };
    const answer = (message?: string) => {
      const rejection = message === undefined ? {} : { errorDetail: { code: 13, message } };
      own.receive({ ...names, responseNonce: sent.at(-1)?.nonce ?? "", ...rejection });
    };
    own.receive({ ...names, nodeId: "envoy" });
    answer();
    assert.deepEqual(own.refused, []);
    publish("b");
    answer("b is bad");
    clock.jump(1_000);
    assert.deepEqual(
      own.refused.map(({ name, complaint }) => [name, complaint]),
      [["ROOTCA", "b is bad"]],
    );
    publish("c");
    assert.deepEqual(own.refused, []);
    answer();
    publish("b");
    assert.equal(sent.length, 3, "rejected contents are sent again");
    assert.deepEqual(
      [own.refused.length, own.view.resources[0]?.state],
      [1, "refused"],
      "rejected contents that come back are shown as accepted",
    );
    own.receive({ ...names, resourceNames: [], responseNonce: sent.at(-1)?.nonce ?? "" });
    assert.deepEqual(own.refused, []);
  });

  it("removes keys and tokens from a client's NACK message", () => {
    stream.receive({ ...request, nodeId: "envoy" });
    const token = `eyJhbGciOiJSUzI1NiJ9.${"x".repeat(2_000)}.c2lnbmF0dXJl`;
    for (const secret of [token, "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49"]) {
      const errorDetail = { code: 13, message: `cannot load ${secret}` };
      stream.receive({ ...request, responseNonce: sent[0]?.nonce ?? "", errorDetail });
      assert.match(stream.view.lastNack?.complaint ?? "", /redacted/);
    }
    assert.doesNotMatch(JSON.stringify([stream.view, events]), /eyJ|xxx|MIGH/);
  });

  it("rejects a request with far too many names before looking any up", () => {
    const looked: string[] = [];
    const catalog: ResourceProvider = {
      claims: (name) => looked.push(name) > 0,
      current: (name) => void looked.push(name),
      watch: () => () => {},
    };
    const names = Array.from({ length: 16_385 }, (_, index) => `n${index}`);
    const many = { ...request, nodeId: "envoy", resourceNames: names };
    throwsWithCode(() => new SotwStream({ ...options, catalog }).receive(many), "REQUEST_MALFORMED");
    const delta = { ...many, subscribe: names, unsubscribe: [], initialVersions: new Map<string, string>() };
    const deltaStream = () => new DeltaStream({ ...options, catalog, send: () => assert.fail() });
    throwsWithCode(() => deltaStream().receive(delta), "REQUEST_MALFORMED");
    const left = { ...delta, subscribe: [], unsubscribe: names };
    throwsWithCode(() => deltaStream().receive(left), "REQUEST_MALFORMED");
    const held = { ...delta, subscribe: [], initialVersions: new Map(names.map((name) => [name, "1"])) };
    throwsWithCode(() => deltaStream().receive(held), "REQUEST_MALFORMED");
    assert.deepEqual(looked, []);
    new SotwStream(options).receive({ ...many, resourceNames: names.slice(1) });
  });

  it("reports an unknown type once, however often the client requests it", () => {
    for (let round = 0; round < 1_000; round += 1)
      stream.receive({ ...request, nodeId: "envoy", typeUrl: "other" });
    assert.equal(events.length, 1);
  });
});
