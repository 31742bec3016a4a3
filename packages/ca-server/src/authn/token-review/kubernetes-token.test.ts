import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseTrustDomain } from "@kasbah/pki";
import { acceptedReview, FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { CaError } from "../../errors.ts";
import { reviewToken } from "../../kubernetes/pods/token-review.ts";
import { readBearerToken } from "../bearer-token.ts";
import { KubernetesTokenAuthenticator } from "./kubernetes-token.ts";
import type { PresentedToken } from "./review-cache.ts";

const audiences = ["istio-ca", "kasbah"];
const username = "system:serviceaccount:demo:frontend";
const about = "authentication.kubernetes.io";
const good = acceptedReview(username, ["istio-ca"]);
const clock = new FakeClock("2030-01-01T00:00:00Z");
const inSeconds = (seconds: number) => clock.now().getTime() / 1000 + seconds;

/** A token with claims that no key signed. */
function tokenOf(claims: Record<string, unknown> = {}) {
  const payload = { aud: "istio-ca", exp: inSeconds(600), ...claims };
  const [header, body] = [{ alg: "RS256" }, payload].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const authorization = [`Bearer ${header}.${body}.c2ln`];
  return readBearerToken({ authorization, peerCertificates: [] }) ?? assert.fail("no token");
}

/** The authenticator with an API server that returns this status for every token. */
function authenticatorTold(status: unknown): KubernetesTokenAuthenticator {
  const body = JSON.stringify({ kind: "TokenReview", status });
  const client = { post: async () => ({ status: 201, body, retryAfterMs: undefined }) };
  const reviews = { review: ({ text }: PresentedToken) => reviewToken(client, text, audiences) };
  const trustDomain = parseTrustDomain("cluster.local");
  return new KubernetesTokenAuthenticator({ reviews, audiences, trustDomain, clock });
}

const presentAs = (status: unknown, claims?: Record<string, unknown>) =>
  authenticatorTold(status).authenticate(tokenOf(claims));
const present = (claims?: Record<string, unknown>) => presentAs(good, claims);

describe("KubernetesTokenAuthenticator", () => {
  describe("KubernetesTokenAuthenticator, for a review that it must not accept", () => {
    it("rejects a token unless the status says that it is authenticated", async () => {
      const { authenticated: _, ...absent } = good;
      await rejectsWithCode(presentAs(absent), "TOKEN_REJECTED");
      await rejectsWithCode(presentAs({ ...good, authenticated: false }), "TOKEN_REJECTED");
      await rejectsWithCode(presentAs({}), "TOKEN_REJECTED");
    });

    it("rejects a token if the status has an error, even if it says that the token is authenticated", async () => {
      const error = await rejectsWithCode(
        presentAs({ ...good, error: "some webhook secret-reason" }),
        "TOKEN_REJECTED",
      );
      assert.doesNotMatch(error.message, /secret-reason/);
      assert.match(String(error.cause), /secret-reason/);
    });

    it("rejects a token if the status names no audience or only other ones", async () => {
      const { audiences: _, ...absent } = good;
      await rejectsWithCode(presentAs(absent), "TOKEN_AUDIENCE");
      for (const others of [[], ["vault"], ["ISTIO-CA"], ["istio-ca "], [""], ["istio-ca,kasbah"]]) {
        await rejectsWithCode(presentAs({ ...good, audiences: others }), "TOKEN_AUDIENCE");
      }
    });

    it("rejects a token unless its user has the name of a service account, in four parts", async () => {
      const names = [
        "",
        "admin",
        "system:serviceaccount:demo",
        `${username}:extra`,
        "system:serviceaccount::frontend",
        "system:serviceaccount:demo:",
        "system:serviceaccount:demo:../bank",
        "system:node:node-1",
        "oidc:system:serviceaccount:demo:frontend",
      ];
      for (const name of names) {
        await rejectsWithCode(presentAs(acceptedReview(name, ["istio-ca"])), "CALLER_NOT_SERVICE_ACCOUNT");
      }
      await rejectsWithCode(presentAs({ ...good, user: undefined }), "CALLER_NOT_SERVICE_ACCOUNT");
    });

    it("rejects a token unless its user is in the group of service accounts, even if its name fits", async () => {
      for (const groups of [undefined, [], ["system:authenticated"], ["system:serviceaccounts:demo"]]) {
        await rejectsWithCode(presentAs({ ...good, user: { ...good.user, groups } }), "TOKEN_REJECTED");
      }
    });
  });

  describe("KubernetesTokenAuthenticator, choosing the code of a rejection", () => {
    const no = { authenticated: false, error: "[invalid bearer token]" };

    it("reports TOKEN_EXPIRED for a rejected token whose own exp has passed, and quotes nothing of it", async () => {
      await rejectsWithCode(presentAs(no, { exp: inSeconds(0) }), "TOKEN_EXPIRED");
      await rejectsWithCode(presentAs(no, { exp: inSeconds(0), aud: "vault" }), "TOKEN_EXPIRED");
    });

    it("reports TOKEN_AUDIENCE for a rejected token whose own aud is another one, and quotes nothing of it", async () => {
      for (const aud of ["vault-secret", ["vault-secret"], [], undefined, 1, { a: 1 }]) {
        const { message } = await rejectsWithCode(presentAs(no, { aud }), "TOKEN_AUDIENCE");
        assert.doesNotMatch(message, /vault/);
      }
    });

    it("reports TOKEN_REJECTED for any other rejected token, and quotes nothing of it", async () => {
      for (const exp of [inSeconds(1), undefined, "0", null, [0]]) {
        await rejectsWithCode(presentAs(no, { exp, aud: ["vault", "kasbah"] }), "TOKEN_REJECTED");
      }
    });
  });

  it("asks the API server about no token that it would certainly reject", async () => {
    let asked = 0;
    const review = async () => {
      asked += 1;
      throw new TypeError("asked");
    };
    const trustDomain = parseTrustDomain("cluster.local");
    const authenticator = new KubernetesTokenAuthenticator({
      reviews: { review },
      audiences,
      trustDomain,
      clock,
    });
    for (const claims of [
      { aud: "vault" },
      { aud: ["vault"] },
      { exp: inSeconds(0) },
      { exp: "soon" },
      { exp: null },
    ])
      await assert.rejects(authenticator.authenticate(tokenOf(claims)), CaError);
    assert.equal(asked, 0);
    for (const claims of [{ aud: undefined }, { exp: undefined }, { aud: ["vault", "kasbah"] }])
      await assert.rejects(authenticator.authenticate(tokenOf(claims)), TypeError);
    assert.equal(asked, 3);
  });

  it("reports CALLER_DELETED if the API server says why it rejects the token of a deleted pod", async () => {
    for (const error of [
      "[invalid bearer token, service account token has been invalidated]",
      'serviceaccounts "frontend" not found',
      "pod UID (one) does not match service account pod ref claim (two)",
      "service account UID (one) does not match claim (two)",
      "service account demo/frontend has been deleted",
    ])
      await rejectsWithCode(presentAs({ authenticated: false, error }), "CALLER_DELETED");
    await rejectsWithCode(
      presentAs({ authenticated: false, error: "invalid bearer token" }),
      "TOKEN_REJECTED",
    );
  });

  describe("KubernetesTokenAuthenticator, for an accepted review", () => {
    it("rejects a token after its own exp even if the API server's clock is behind", async () => {
      await rejectsWithCode(present({ exp: inSeconds(0) }), "TOKEN_EXPIRED");
    });

    it("leaves the expiry of a token without exp to the API server", async () => {
      assert.ok(await present({ exp: undefined }));
    });

    it("takes the account from the API server, not from the token's own claims", async () => {
      const { spiffeId, credential } = await present({ sub: "system:serviceaccount:prod:bank" });
      assert.equal(spiffeId.toString(), "spiffe://cluster.local/ns/demo/sa/frontend");
      assert.deepEqual(credential, { kind: "kubernetes-token", tokenIdHash: undefined });
    });

    it("accepts a configured audience among others", async () => {
      assert.ok(await presentAs({ ...good, audiences: ["vault", "kasbah"] }));
    });

    it("returns the pod, the node and the token id if the API server reports them", async () => {
      const extra = {
        [`${about}/pod-name`]: ["frontend-1"],
        [`${about}/pod-uid`]: ["pod-uid"],
        [`${about}/node-name`]: ["node-1"],
        [`${about}/credential-id`]: ["JTI=an-id"],
      };
      const caller = await presentAs(acceptedReview(username, ["istio-ca"], extra));
      assert.deepEqual(caller.pod, { name: "frontend-1", uid: "pod-uid" });
      assert.equal(caller.node, "node-1");
      const tokenIdHash = createHash("sha256").update("an-id").digest("hex");
      assert.deepEqual(caller.credential, { kind: "kubernetes-token", tokenIdHash });
    });

    it("returns the issuer of the token, which the API server has verified with the rest of it", async () => {
      const { credential } = await present({ iss: "https://cluster.test" });
      assert.equal("issuer" in credential && credential.issuer, "https://cluster.test");
    });

    it("returns no pod unless both its name and its uid are known", async () => {
      for (const extra of [
        {},
        { [`${about}/pod-name`]: ["frontend-1"] },
        { [`${about}/pod-uid`]: ["pod-uid"] },
        {
          [`${about}/pod-name`]: [],
          [`${about}/pod-uid`]: ["pod-uid"],
          [`${about}/credential-id`]: ["X509=1"],
        },
      ]) {
        const caller = await presentAs(acceptedReview(username, ["istio-ca"], extra));
        assert.ok(!("pod" in caller) && !("node" in caller));
        assert.deepEqual(caller.credential, { kind: "kubernetes-token", tokenIdHash: undefined });
      }
    });
  });

  it("claims every token", async () => {
    assert.ok(await authenticatorTold(good).checks());
  });
});
