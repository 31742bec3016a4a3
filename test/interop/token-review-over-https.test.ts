import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { parseTrustDomain } from "@kasbah/pki";
import {
  acceptedReview,
  FakeClock,
  type FakeKubernetesApi,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { createCallerAuthenticator } from "../../packages/ca-server/src/authn/caller-authenticator.ts";
import { KubernetesTokenAuthenticator } from "../../packages/ca-server/src/authn/token-review/kubernetes-token.ts";
import { ReviewCache } from "../../packages/ca-server/src/authn/token-review/review-cache.ts";
import { CaError } from "../../packages/ca-server/src/errors.ts";
import type { Authenticator } from "../../packages/ca-server/src/issuance/ports.ts";
import { KubernetesClient } from "../../packages/ca-server/src/kubernetes/api/api-client.ts";
import { reviewToken } from "../../packages/ca-server/src/kubernetes/pods/token-review.ts";
import { AddressRules } from "../../packages/ca-server/src/outbound/address-rules.ts";
import { hasGo } from "../harness/go-program.ts";
import { authorizationOf } from "../harness/tokens/case.ts";
import { cases } from "../harness/tokens/cases.ts";
import { openJudge } from "../harness/tokens/judge.ts";
import { audience, now } from "../harness/tokens/minting.ts";
import { knownDifferences, namesOf } from "./token-review/differences.ts";
import { type GoReviewer, openGoReviewer } from "./token-review/reviewer.ts";

/**
 * The CA authenticates a token in one of two ways: locally, or by asking an API server, which uses go-jose.
 */
describe("Token authentication by the API server and by the CA's own keys", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let reviewer: GoReviewer;
  let api: FakeKubernetesApi;
  let asking: Authenticator;

  before(async function () {
    if (!hasGo()) this.skip();
    directory = await temporaryDirectory();
    reviewer = await openGoReviewer();
    api = await startFakeKubernetesApi({
      verdict: async ({ token, audiences }) => {
        const {
          authenticated,
          username,
          audiences: accepted,
          extra,
          error,
        } = await reviewer.review(token, audiences, now);
        return authenticated ? acceptedReview(username, accepted, extra) : { error };
      },
    });
    asking = await authenticatorAsking(api, directory);
  });

  after(async () => {
    await api?.close();
    await reviewer?.close();
    await directory?.remove();
  });

  it("gives the same verdict on every token and every header of the table", async () => {
    const known = new Set(namesOf(knownDifferences));
    const judge = openJudge();
    const wrong: string[] = [];
    let same = 0;
    for (const each of cases) {
      const title = `${each.class}: ${each.name}`;
      if (known.has(title)) continue;
      const authorization = authorizationOf(each);
      const ours = await judge(authorization);
      const theirs = await identityBy(asking, authorization);
      if (("accepted" in ours ? ours.accepted : "refused") === theirs) same += 1;
      else wrong.push(title);
    }
    process.stdout.write(
      `      same verdict on ${same} of ${cases.length} callers; ${known.size} known differences\n`,
    );
    assert.deepEqual(wrong, []);
    assert.ok(api.calls.length > 100, "the API server should have reviewed most of the tokens");
    assert.ok(api.calls.every(({ authorization }) => authorization === "Bearer the-ca-itself"));
  });
});

async function authenticatorAsking(
  api: FakeKubernetesApi,
  directory: TemporaryDirectory,
): Promise<Authenticator> {
  await writeFile(directory.join("ca.pem"), api.rootPem);
  await writeFile(directory.join("token"), "the-ca-itself");
  const client = new KubernetesClient({
    server: api.url,
    caFile: directory.join("ca.pem"),
    tokenFile: directory.join("token"),
    addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
  });
  const clock = new FakeClock(now);
  const ask = ({ text }: { readonly text: string }) => reviewToken(client, text, [audience]);
  const reviews = new ReviewCache({ ask, clock, onAnswer: () => undefined });
  const parts = { reviews, audiences: [audience], trustDomain: parseTrustDomain("cluster.local"), clock };
  return createCallerAuthenticator({
    tokens: [new KubernetesTokenAuthenticator(parts)],
    certificates: undefined,
    onChecked: () => undefined,
  });
}

async function identityBy(authenticator: Authenticator, authorization: readonly string[]): Promise<string> {
  try {
    return (await authenticator.authenticate({ authorization, peerCertificates: [] })).spiffeId.toString();
  } catch (error) {
    assert.ok(error instanceof CaError, String(error));
    assert.notEqual(error.code, "AUTHENTICATOR_UNAVAILABLE");
    return "refused";
  }
}
