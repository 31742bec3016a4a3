import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  acceptedReview,
  type FakeKubernetesApi,
  type FakeTrouble,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { ReviewUnavailable } from "../../authn/ports.ts";
import { AddressRules } from "../../outbound/address-rules.ts";
import { KubernetesClient } from "../api/api-client.ts";
import { reviewToken } from "./token-review.ts";

const token = "a-secret-part.of-a.token";

describe("TokenReview request", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "the-ca's-own-token\n");
  });

  afterEach(() => {
    api.trouble = undefined;
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const client = (timeoutMs = 2_000) =>
    new KubernetesClient({
      server: api.url,
      caFile: directory.join("ca.pem"),
      tokenFile: directory.join("token"),
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
      timeoutMs,
    });
  const review = (timeoutMs?: number) => reviewToken(client(timeoutMs), token, ["istio-ca", "kasbah"]);

  async function refusal(trouble: FakeTrouble, timeoutMs?: number): Promise<ReviewUnavailable> {
    api.trouble = trouble;
    const error = await review(timeoutMs).then(
      (status) => assert.fail(`expected no result, got ${JSON.stringify(status)}`),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ReviewUnavailable, String(error));
    return error;
  }

  it("removes the token, and each part of it, from an error that quotes it, because the ledger records the error", async () => {
    api.verdict = () => ({ error: `no: ${token}, or a-secret-part of "${token}"` });
    const { error, authenticated } = await review();
    assert.deepEqual(
      { error, authenticated },
      {
        error: 'no: [token], or [token] of "[token]"',
        authenticated: false,
      },
    );
  });

  it("returns no result, instead of a refusal, if the server is overloaded", async () => {
    const error = await refusal({ status: 429, headers: { "retry-after": "7" } });
    assert.equal(error.retryAfterMs, 7_000);
    assert.equal((await refusal({ status: 429 })).retryAfterMs, undefined);
  });

  it("accepts only a short whole number of seconds as Retry-After", async () => {
    const odd = ["-1", "1.5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "99999999999", "0x10", "1e3", " "];
    for (const value of odd) {
      const error = await refusal({ status: 429, headers: { "retry-after": value } });
      assert.equal(error.retryAfterMs, undefined, value);
    }
    assert.equal((await refusal({ status: 503, headers: { "retry-after": "0" } })).retryAfterMs, 0);
  });

  for (const status of [202, 204, 301, 400, 404, 409, 500, 502, 503, 504]) {
    it(`returns no result for status ${status}, even with a valid review in the body`, async () => {
      const accepted = acceptedReview("system:serviceaccount:demo:frontend", ["istio-ca"]);
      const body = status === 204 ? "" : JSON.stringify({ status: accepted });
      assert.match((await refusal({ status, body })).message, new RegExp(`answered ${status}`));
    });
  }

  it("names the missing role if the server does not authorize the CA", async () => {
    for (const status of [401, 403]) {
      const { message } = await refusal({ status });
      assert.match(message, /cluster role system:auth-delegator/);
    }
    assert.doesNotMatch((await refusal({ status: 500 })).message, /auth-delegator/);
  });

  it("returns no result if the server is silent, closes the connection, or sends another response", async () => {
    await refusal("silent", 100);
    await refusal("cut before the answer");
    await refusal("cut within the answer");
    await refusal("garbage");
    await refusal("huge");
  });

  it("returns no result for a response of another shape", async () => {
    const bodies = [
      "null",
      "[]",
      "{}",
      '"yes"',
      '{"status":null}',
      '{"status":[]}',
      '{"status":{"authenticated":"true"}}',
      '{"status":{"authenticated":1}}',
      '{"status":{"authenticated":true,"audiences":"istio-ca"}}',
      '{"status":{"authenticated":true,"user":{"username":["a"]}}}',
      '{"status":{"authenticated":true,"user":{"groups":"system:serviceaccounts"}}}',
      '{"status":{"authenticated":true,"user":{"extra":{"a":"b"}}}}',
      '{"status":{"authenticated":true,"user":null}}',
    ];
    for (const body of bodies) await refusal({ status: 201, body });
  });

  it("returns no result if the server is missing or its certificate is not trusted", async () => {
    const untrusted = new KubernetesClient({
      server: api.url,
      caFile: undefined,
      tokenFile: undefined,
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    });
    const before = api.calls.length;
    await assert.rejects(reviewToken(untrusted, token, ["istio-ca"]), ReviewUnavailable);
    assert.equal(api.calls.length, before);
  });

  it("never includes the caller's token or the CA's own token in an error", async () => {
    for (const trouble of [{ status: 403, body: token }, "garbage", "huge"] as const) {
      for (let each: unknown = await refusal(trouble); each instanceof Error; each = each.cause) {
        assert.doesNotMatch(each.message, /secret|own-token/);
      }
    }
  });

  it("sends the CA's own credentials, all accepted audiences, and the token only in the body", async () => {
    await review();
    const call = api.calls.at(-1);
    assert.deepEqual(call?.audiences, ["istio-ca", "kasbah"]);
    assert.equal(call?.token, token);
    assert.equal(call?.authorization, "Bearer the-ca's-own-token");
    assert.equal(call?.method, "POST");
    assert.doesNotMatch(call?.path ?? "", /token\.|secret/);
  });

  it("treats a review without a result as a refusal", async () => {
    api.verdict = () => ({});
    const noUser = { username: "", groups: [], extra: {} };
    assert.deepEqual(await review(), { authenticated: false, audiences: [], error: "", user: noUser });
  });
});
