import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock } from "@kasbah/testkit";
import { fakeToken } from "../../../packages/ca-server/src/authn/fake-token.fixture.ts";
import { KubernetesTokenAuthenticator } from "../../../packages/ca-server/src/authn/token-review/kubernetes-token.ts";
import { reviewToken } from "../../../packages/ca-server/src/kubernetes/pods/token-review.ts";
import { jsonMutants } from "../mutants.ts";
import { bytesOf, readLater, type Target, textOf } from "../target.ts";

const audiences = ["istio-ca"];
const prefix = "authentication.kubernetes.io";
const user = {
  username: "system:serviceaccount:demo:frontend",
  uid: "u-1",
  groups: ["system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"],
  extra: {
    [`${prefix}/pod-name`]: ["frontend-1"],
    [`${prefix}/pod-uid`]: ["u-2"],
    [`${prefix}/node-name`]: ["node-1"],
    [`${prefix}/credential-id`]: ["JTI=j-1"],
  },
};
const status = { authenticated: true, user, audiences };
const replies = [
  { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", metadata: {}, spec: {}, status },
  { status: { authenticated: true, user: { ...user, extra: {} }, audiences: ["other", "istio-ca"] } },
].map((reply) => bytesOf(JSON.stringify(reply)));
const refusals = ['{"status":{"authenticated":false,"error":"no"}}', '{"kind":"Status","code":403}'].map(
  bytesOf,
);

/** Replies of an API server or of an impostor. */
export const tokenReview: Target = {
  name: "token-review",
  valid: replies,
  inputs: jsonMutants([...replies, ...refusals]),
  async check(reply) {
    const body = textOf(reply);
    const client = { post: async () => ({ status: 201, body, retryAfterMs: undefined }) };
    const authenticator = new KubernetesTokenAuthenticator({
      reviews: { review: ({ text }) => reviewToken(client, text, audiences) },
      audiences,
      trustDomain: parseTrustDomain("cluster.local"),
      clock: new FakeClock("2030-01-01T00:00:00Z"),
    });
    const caller = await readLater(() => authenticator.authenticate(fakeToken()));
    if (caller === undefined) return "refused";
    assert.ok(
      /"authenticated" ?: ?true/.test(body.replaceAll(/\s/gu, "")),
      "the reply did not authenticate the caller",
    );
    assert.ok(caller.value.spiffeId.workload, "it is not the name of a workload");
    return "accepted";
  },
};
