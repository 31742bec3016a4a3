import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type DiscoveryResponse, secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { mintSecret, throwsWithCode } from "@kasbah/testkit";
import { resourcesOf } from "./envoy-secret.ts";
import { SecretStream, type Servable } from "./secret-stream.ts";
import type { SubscriptionNote } from "./subscription.ts";

const recorded = (name: string) => {
  const path = new URL(`../../../../test/fixtures/envoy-1.40-sds/${name}.bin`, import.meta.url);
  return streamSecrets.request.decode(readFileSync(path));
};

describe("An SDS stream", () => {
  let servable: Servable;
  let sent: DiscoveryResponse[];
  let notes: SubscriptionNote[];
  let stream: SecretStream;

  beforeEach(async () => {
    const secret = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs: 60_000 });
    servable = new Map(resourcesOf(secret).map((resource) => [resource.name, resource]));
    sent = [];
    notes = [];
    stream = new SecretStream({
      servable: () => servable,
      send: (response) => sent.push(response),
      note: (note) => notes.push(note),
    });
  });

  const request = {
    versionInfo: "",
    nodeId: "",
    resourceNames: ["default"],
    typeUrl: secretTypeUrl,
    responseNonce: "",
  };

  it("demands the node on the first message, and on the first alone", () => {
    throwsWithCode(() => stream.receive(request), "NODE_MISSING");
    stream.receive({ ...request, nodeId: "envoy" });
    stream.receive({ ...request, responseNonce: sent[0]?.nonce ?? "" });
    assert.equal(sent.length, 1);
  });

  it("ignores a request for another type and stays", () => {
    stream.receive({
      ...request,
      nodeId: "envoy",
      typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    });
    assert.equal(sent.length, 0);
    assert.equal(notes[0]?.kind, "unknown-type");
    stream.receive(request);
    assert.equal(sent.length, 1);
  });

  it("answers what Envoy 1.40 first sends, its 61 KB node included", () => {
    const first = recorded("sotw-default-1");
    assert.notEqual(first.nodeId, "");
    stream.receive(first);
    assert.deepEqual(
      sent[0]?.resources.map(({ name }) => name),
      ["default"],
    );
  });

  it("is silent on Envoy's ACK of both names", () => {
    for (const name of ["default", "ROOTCA"]) {
      const fresh = new SecretStream({
        servable: () => servable,
        send: (r) => sent.push(r),
        note: (n) => notes.push(n),
      });
      sent = [];
      fresh.receive(recorded(`sotw-${name}-1`));
      fresh.receive({ ...recorded(`sotw-${name}-2`), responseNonce: sent[0]?.nonce ?? "" });
      assert.equal(sent.length, 1);
    }
    assert.deepEqual(notes, []);
  });

  it("remembers Envoy's NACK with its words, and sends only what comes after", async () => {
    stream.receive(recorded("sotw-default-1"));
    const nack = { ...recorded("sotw-default-3"), responseNonce: sent[0]?.nonce ?? "" };
    for (let round = 0; round < 1_000; round += 1) stream.receive(nack);
    assert.equal(sent.length, 1);
    assert.equal(notes.length, 1_000);
    assert.ok(notes[0]?.kind === "nack" && notes[0].complaint.includes("KEY_VALUES_MISMATCH"));

    const next = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:30Z"), ttlMs: 60_000 });
    servable = new Map(resourcesOf(next).map((resource) => [resource.name, resource]));
    stream.update("ROOTCA");
    stream.update("default");
    assert.equal(sent.length, 2);
  });
});
