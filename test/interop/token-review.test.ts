import assert from "node:assert/strict";
import { readBearerToken } from "../../packages/ca-server/src/authn/bearer-token.ts";
import { hasGo } from "../harness/go-program.ts";
import type { TokenCase } from "../harness/tokens/case.ts";
import { cases } from "../harness/tokens/cases.ts";
import { openJudge, type Seen } from "../harness/tokens/judge.ts";
import { audience, mint, now } from "../harness/tokens/minting.ts";
import { knownDifferences, namesOf, stoppedBefore } from "./token-review/differences.ts";
import { type GoReviewer, openGoReviewer, type Status } from "./token-review/reviewer.ts";

const tokens: readonly TokenCase[] = cases.filter((each) => "token" in each);

describe("Verification of tokens by the CA and by the API server's library", function () {
  this.timeout(300_000);
  let reviewer: GoReviewer;
  /** Keyed by class and name of each token on which they differ; the value describes both verdicts. */
  let differences: ReadonlyMap<string, string>;
  let accepted: number;

  before(async function () {
    if (!hasGo()) this.skip();
    reviewer = await openGoReviewer();
    const judge = openJudge();
    const pairs = await Promise.all(
      tokens.map(async ({ class: className, name, token }) => ({
        title: `${className}: ${name}`,
        ours: identityOf(await judge([`Bearer ${token}`])),
        theirs: usernameToIdentity(await reviewer.review(token, [audience], now)),
      })),
    );
    accepted = pairs.filter(({ ours, theirs }) => ours === theirs && ours !== "refused").length;
    const differing = pairs.filter(({ ours, theirs }) => ours !== theirs);
    differences = new Map(
      differing.map(({ title, ours, theirs }) => [title, `kasbah: ${ours}, go-jose: ${theirs}`]),
    );
  });

  after(() => reviewer?.close());

  it("gives the same verdict on every token of the table except for the listed differences", () => {
    const known = new Set([...namesOf(stoppedBefore), ...namesOf(knownDifferences)]);
    const unknown = [...differences].filter(([title]) => !known.has(title));
    const same = tokens.length - differences.size;
    process.stdout.write(
      `      same verdict on ${same} of ${tokens.length} tokens, ${accepted} of them accepted\n`,
    );
    assert.deepEqual(unknown, []);
    assert.ok(accepted >= 60, "verifiers that reject everything would agree as well");
  });

  it("gives different verdicts on every listed difference, so that the list stays accurate", () => {
    const listed = [...namesOf(stoppedBefore), ...namesOf(knownDifferences)];
    assert.deepEqual(
      listed.filter((title) => !differences.has(title)),
      [],
    );
  });

  it("never sees most of the differing tokens: the parser rejects them before either verifier is called", () => {
    const stopped = [...differences.keys()].filter((title) => isStoppedByReading(titled(title)));
    assert.deepEqual(stopped.sort(), namesOf(stoppedBefore));
  });

  it("returns the same identity for a bound token as the API server", async () => {
    const uid = "5b0d3ab8-6a0a-4a1a-9a7d-d5d4a1a4a111";
    const bound = { namespace: "demo", serviceaccount: { name: "frontend", uid } };
    const place = { pod: { name: "frontend-7c9d", uid: "a" }, node: { name: "node-1", uid: "b" } };
    const claims = { jti: "1", aud: [audience, "vault"], "kubernetes.io": { ...bound, ...place } };
    assert.deepEqual(await reviewer.review(mint({ claims }), ["other", audience], now), {
      authenticated: true,
      username: "system:serviceaccount:demo:frontend",
      uid,
      audiences: [audience],
      extra: {
        "authentication.kubernetes.io/credential-id": ["JTI=1"],
        "authentication.kubernetes.io/pod-name": ["frontend-7c9d"],
        "authentication.kubernetes.io/pod-uid": ["a"],
        "authentication.kubernetes.io/node-name": ["node-1"],
        "authentication.kubernetes.io/node-uid": ["b"],
      },
      error: "",
    });
  });
});

function identityOf(seen: Seen): string {
  return "accepted" in seen ? seen.accepted : "refused";
}

function usernameToIdentity({ authenticated, username }: Status): string {
  const [, , namespace, serviceAccount] = username.split(":");
  return authenticated ? `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}` : "refused";
}

function titled(title: string): TokenCase {
  const found = tokens.find((each) => `${each.class}: ${each.name}` === title);
  assert.ok(found, `${title} is missing from the table`);
  return found;
}

function isStoppedByReading({ token }: TokenCase): boolean {
  try {
    readBearerToken({ authorization: [`Bearer ${token}`], peerCertificates: [] });
    return false;
  } catch {
    return true;
  }
}
