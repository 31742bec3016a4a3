import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { parseTrustDomain } from "@kasbah/pki";
import {
  FakeClock,
  type FakeKubernetesApi,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { KubernetesClient } from "../../kubernetes/api/api-client.ts";
import { reviewToken } from "../../kubernetes/pods/token-review.ts";
import { AddressRules } from "../../outbound/address-rules.ts";
import { readBearerToken } from "../bearer-token.ts";
import { KubernetesTokenAuthenticator } from "./kubernetes-token.ts";
import { type PresentedToken, ReviewCache } from "./review-cache.ts";
import { ReviewQueue } from "./review-queue.ts";

const audiences = ["istio-ca"];

describe("KubernetesTokenAuthenticator with an API server across a network", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let clock: FakeClock;
  let authenticator: KubernetesTokenAuthenticator;
  let serial = 0;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "own");
  });

  beforeEach(() => {
    api.trouble = undefined;
    clock = new FakeClock("2030-01-01T00:00:00Z");
    authenticator = authenticatorWith({ timeoutMs: 20_000 });
  });

  function authenticatorWith({ timeoutMs }: { timeoutMs: number }) {
    const client = new KubernetesClient({
      server: api.url,
      caFile: directory.join("ca.pem"),
      tokenFile: directory.join("token"),
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
      timeoutMs,
    });
    const queue = new ReviewQueue(clock, () => 0.5);
    const ask = ({ text, peerAddress }: PresentedToken) =>
      queue.run("no keys", { peerAddress }, () => reviewToken(client, text, audiences));
    const reviews = new ReviewCache({ ask, clock, onAnswer: () => undefined });
    const trustDomain = parseTrustDomain("cluster.local");
    return new KubernetesTokenAuthenticator({ reviews, audiences, trustDomain, clock });
  }

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const inSeconds = (seconds: number) => clock.now().getTime() / 1000 + seconds;

  /** A different token each time, with claims that no key signed. */
  function tokenOf(claims: Record<string, unknown> = {}) {
    const payload = { aud: "istio-ca", exp: inSeconds(600), jti: String(serial++), ...claims };
    const [header, body] = [{ alg: "RS256" }, payload].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const authorization = [`Bearer ${header}.${body}.c2ln`];
    return readBearerToken({ authorization, peerCertificates: [] }) ?? assert.fail("no token");
  }

  describe("KubernetesTokenAuthenticator during an outage", () => {
    const troubles = [
      { status: 429 },
      { status: 500 },
      { status: 503 },
      { status: 401 },
      { status: 403 },
      { status: 404 },
      "silent",
      "cut before the answer",
      "cut within the answer",
      "garbage",
      "huge",
    ] as const;

    for (const trouble of troubles) {
      const name = typeof trouble === "string" ? trouble : `status ${trouble.status}`;
      it(`never rejects a token during an outage of the kind "${name}", and accepts it afterwards`, async () => {
        if (trouble === "silent") authenticator = authenticatorWith({ timeoutMs: 1_000 });
        api.trouble = trouble;
        const token = tokenOf();
        await rejectsWithCode(authenticator.authenticate(token), "AUTHENTICATOR_UNAVAILABLE");
        api.trouble = undefined;
        assert.ok(await authenticator.authenticate(token));
      });
    }

    it("passes on the retry delay of an overloaded API server", async () => {
      api.trouble = { status: 429, headers: { "retry-after": "3" } };
      const error = await rejectsWithCode(authenticator.authenticate(tokenOf()), "AUTHENTICATOR_UNAVAILABLE");
      assert.ok("retryAfterMs" in error && error.retryAfterMs === 3_000);
    });

    it("logs a missing role but does not return it to the caller", async () => {
      api.trouble = { status: 403 };
      const error = await rejectsWithCode(authenticator.authenticate(tokenOf()), "AUTHENTICATOR_UNAVAILABLE");
      assert.doesNotMatch(error.message, /auth-delegator/);
      assert.match(String(error.cause), /system:auth-delegator/);
    });
  });

  it("rejects a token after its own exp even while a review is cached", async () => {
    const token = tokenOf({ exp: inSeconds(3) });
    const before = api.calls.length;
    await authenticator.authenticate(token);
    await clock.advance(2_999);
    await authenticator.authenticate(token);
    await clock.advance(1);
    await rejectsWithCode(authenticator.authenticate(token), "TOKEN_EXPIRED");
    assert.equal(api.calls.length, before + 1);
  });

  it("sends one unmodified review for two hundred concurrent calls with one token", async () => {
    const token = tokenOf();
    const before = api.calls.length;
    await Promise.all(Array.from({ length: 200 }, () => authenticator.authenticate(token)));
    assert.equal(api.calls.length, before + 1);
    assert.equal(api.calls.at(-1)?.token, token.text);
  });

  it("uses at most fifty connections for hundreds of concurrent reviews", async () => {
    const tokens = Array.from({ length: 150 }, () => tokenOf());
    await Promise.all(tokens.map((token) => authenticator.authenticate(token)));
    assert.ok(api.mostAtOnce <= 50, String(api.mostAtOnce));
  });
});
