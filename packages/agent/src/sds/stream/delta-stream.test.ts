import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseTrustDomain } from "@kasbah/pki";
import { type DeltaDiscoveryRequest, type DeltaDiscoveryResponse, deltaSecrets } from "@kasbah/protocol";
import { FakeClock, mintSecret, throwsWithCode } from "@kasbah/testkit";
import { SecretStore } from "../../secret/secret-store.ts";
import type { StreamEvent } from "../subscription/stream-event.ts";
import { WorkloadProvider } from "../workload-provider.ts";
import { DeltaStream } from "./delta-stream.ts";

const recorded = (name: string): DeltaDiscoveryRequest => {
  const path = new URL(`../../../../../test/fixtures/envoy-1.40-sds/${name}.bin`, import.meta.url);
  return deltaSecrets.request.decode(readFileSync(path));
};

describe("DeltaStream", () => {
  const clock = new FakeClock(new Date("2030-01-01T00:00:00Z"));
  let store: SecretStore;
  let sent: DeltaDiscoveryResponse[];
  let events: StreamEvent[];
  let stream: DeltaStream;

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
    stream = new DeltaStream({
      catalog: new WorkloadProvider(store, identity),
      clock,
      send: (response) => sent.push(response),
      onEvent: (event) => events.push(event),
    });
  });

  it("requires the node in the first message only", () => {
    const first = recorded("delta-default-1");
    throwsWithCode(() => stream.receive({ ...first, nodeId: "" }), "NODE_MISSING");
    stream.receive(first);
    stream.receive({ ...recorded("delta-default-2"), responseNonce: sent[0]?.nonce ?? "" });
    assert.equal(sent.length, 1);
  });

  it("ignores a request for another type and stays open", () => {
    stream.receive({
      ...recorded("delta-default-1"),
      typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    });
    assert.deepEqual([sent.length, events[0]?.kind], [0, "unknown-type"]);
  });

  it("answers Envoy 1.40's first request with one named, versioned secret, and its ACK with nothing", () => {
    for (const name of ["default", "ROOTCA"]) {
      sent = [];
      stream.receive(recorded(`delta-${name}-1`));
      assert.deepEqual(
        sent[0]?.resources.map(({ secret }) => secret.name),
        [name],
      );
      assert.match(sent[0]?.resources[0]?.version ?? "", /^[0-9a-f]{32}$/);
      stream.receive({ ...recorded(`delta-${name}-2`), responseNonce: sent[0]?.nonce ?? "" });
      assert.equal(sent.length, 1);
    }
    assert.deepEqual(events, []);
  });

  it("records Envoy's NACK with its message, and sends only newer versions", async () => {
    stream.receive(recorded("delta-default-1"));
    const nack = { ...recorded("delta-default-3"), responseNonce: sent[0]?.nonce ?? "" };
    for (let round = 0; round < 1_000; round += 1) stream.receive(nack);
    assert.deepEqual([sent.length, events.length], [1, 1_000]);
    assert.ok(events[0]?.kind === "nack" && events[0].complaint.includes("KEY_VALUES_MISMATCH"));
    assert.match(stream.view.lastNack?.complaint ?? "", /KEY_VALUES_MISMATCH/);
    assert.deepEqual([stream.view.nacks, stream.view.protocol], [1_000, "delta"]);

    store.publish(await mintSecret({ receivedAt: clock.now(), ttlMs: 60_000 }));
    stream.update(["ROOTCA"]);
    stream.update(["default"]);
    assert.equal(sent.length, 2);
  });
});
