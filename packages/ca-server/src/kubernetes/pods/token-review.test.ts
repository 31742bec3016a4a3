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

describe("A question to the API server about a token", () => {
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
      (status) => assert.fail(`there is no verdict, but it was read as ${JSON.stringify(status)}`),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ReviewUnavailable, String(error));
    return error;
  }

  it("has no verdict, rather than a refusal, from a server that is overloaded", async () => {
    const error = await refusal({ status: 429, headers: { "retry-after": "7" } });
    assert.equal(error.retryAfterMs, 7_000);
    assert.equal((await refusal({ status: 429 })).retryAfterMs, undefined);
  });

  it("believes no Retry-After but a short whole number of seconds", async () => {
    const odd = ["-1", "1.5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "99999999999", "0x10", "1e3", " "];
    for (const value of odd) {
      const error = await refusal({ status: 429, headers: { "retry-after": value } });
      assert.equal(error.retryAfterMs, undefined, value);
    }
    assert.equal((await refusal({ status: 503, headers: { "retry-after": "0" } })).retryAfterMs, 0);
  });

  for (const status of [202, 204, 301, 400, 404, 409, 500, 502, 503, 504]) {
    it(`has no verdict from an answer ${status}, even one that holds a good review`, async () => {
      const accepted = acceptedReview("system:serviceaccount:demo:frontend", ["istio-ca"]);
      const body = status === 204 ? "" : JSON.stringify({ status: accepted });
      assert.match((await refusal({ status, body })).message, new RegExp(`answered ${status}`));
    });
  }

  it("says which role is missing when the server lets the CA not ask", async () => {
    for (const status of [401, 403]) {
      const { message } = await refusal({ status });
      assert.match(message, /cluster role system:auth-delegator/);
    }
    assert.doesNotMatch((await refusal({ status: 500 })).message, /auth-delegator/);
  });

  it("has no verdict from a server that is silent, cuts the connection, or answers something else", async () => {
    await refusal("silent", 100);
    await refusal("cut before the answer");
    await refusal("cut within the answer");
    await refusal("garbage");
    await refusal("huge");
  });

  it("has no verdict from an answer of another shape", async () => {
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

  it("has no verdict from a server that is not there, or that the roots do not know", async () => {
    const stranger = new KubernetesClient({
      server: api.url,
      caFile: undefined,
      tokenFile: undefined,
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    });
    const before = api.calls.length;
    await assert.rejects(reviewToken(stranger, token, ["istio-ca"]), ReviewUnavailable);
    assert.equal(api.calls.length, before);
  });

  it("puts neither the token nor the CA's own into what it says went wrong", async () => {
    for (const trouble of [{ status: 403, body: token }, "garbage", "huge"] as const) {
      for (let each: unknown = await refusal(trouble); each instanceof Error; each = each.cause) {
        assert.doesNotMatch(each.message, /secret|own-token/);
      }
    }
  });

  it("is asked as the CA itself, for all audiences that count, with the token in the body alone", async () => {
    await review();
    const call = api.calls.at(-1);
    assert.deepEqual(call?.audiences, ["istio-ca", "kasbah"]);
    assert.equal(call?.token, token);
    assert.equal(call?.authorization, "Bearer the-ca's-own-token");
    assert.equal(call?.method, "POST");
    assert.doesNotMatch(call?.path ?? "", /token\.|secret/);
  });

  it("takes a review that says nothing for one that says no", async () => {
    api.verdict = () => ({});
    const nobody = { username: "", groups: [], extra: {} };
    assert.deepEqual(await review(), { authenticated: false, audiences: [], error: "", user: nobody });
  });
});
