import assert from "node:assert/strict";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { FakeClock, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { readBearerToken } from "../bearer-token.ts";
import { JwksSource } from "../jwks/source.ts";
import { ClusterKeys } from "./cluster-keys.ts";

describe("ClusterKeys", () => {
  let clock: FakeClock;
  let own: DevTokenIssuer;
  let other: DevTokenIssuer;
  let published: () => unknown;
  let reads: number;
  let source: JwksSource;
  let keys: ClusterKeys;

  before(async () => {
    [own, other] = await Promise.all([
      createTokenIssuer({ issuer: "https://cluster.test" }),
      createTokenIssuer({ issuer: "https://cluster.test" }),
    ]);
  });

  beforeEach(async () => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    published = () => own.jwks();
    reads = 0;
    const read = async () => {
      reads += 1;
      return JSON.stringify(published());
    };
    source = new JwksSource({
      ...{ location: "test", read, refreshIntervalMs: 300_000, clock, logger: recordingLogger() },
    });
    await source.start();
    keys = new ClusterKeys(source);
  });

  afterEach(() => source.stop());

  const tokenOf = async (issuer: DevTokenIssuer, claims = {}) =>
    read(
      await issuer.mint({
        ...{ namespace: "demo", serviceAccount: "frontend", audience: "istio-ca", now: clock.now(), claims },
      }),
    );

  const read = (text: string) =>
    readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] }) ?? assert.fail("no token");

  /** The token with the key id of another one, as an attacker can write it. */
  function claimingKeyOf(token: string, honest: string): string {
    return [honest.split(".")[0], ...token.split(".").slice(1)].join(".");
  }

  it("proves the tokens of the cluster, without another read, regardless of their claims", async () => {
    assert.equal(await keys.prove(await tokenOf(own)), "proven");
    assert.equal(await keys.prove(await tokenOf(own, { iss: "https://second-issuer.test" })), "proven");
    assert.equal(reads, 1);
  });

  it("rejects a token that names a published key which did not sign it", async () => {
    const [forged, honest] = [await tokenOf(other), await tokenOf(own)];
    const text = claimingKeyOf(forged.text, honest.text);
    await rejectsWithCode(keys.prove(read(text)), "TOKEN_REJECTED");
  });

  it("reads the keys once more for tokens with unknown keys, and again only after a while", async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf(other)));
    for (const token of tokens) assert.equal(await keys.prove(token), "unknown key");
    assert.equal(reads, 2);
    await clock.advance(30_000);
    assert.equal(await keys.prove(await tokenOf(other)), "unknown key");
    assert.equal(reads, 3);
  });

  it("proves a token of a new key as soon as the cluster publishes the key", async () => {
    published = () => other.jwks();
    assert.equal(await keys.prove(await tokenOf(other)), "proven");
  });

  it("says nothing about a token while the cluster does not publish its keys", async () => {
    await source.stop();
    const failing = new JwksSource({
      ...{ location: "test", read: () => Promise.reject(new Error("403")), refreshIntervalMs: 300_000 },
      ...{ clock, logger: recordingLogger() },
    });
    await failing.start();
    assert.equal(await new ClusterKeys(failing).prove(await tokenOf(own)), "no keys");
    await failing.stop();
  });

  it("leaves a token without a key id to the API server", async () => {
    const token = await tokenOf(other);
    const [header = "", ...rest] = token.text.split(".");
    const { kid: _, ...named } = JSON.parse(Buffer.from(header, "base64url").toString());
    const text = [Buffer.from(JSON.stringify(named)).toString("base64url"), ...rest].join(".");
    assert.equal(await keys.prove(read(text)), "unknown key");
  });
});
