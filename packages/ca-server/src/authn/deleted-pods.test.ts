import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId } from "@kasbah/pki";
import { rejectsWithCode } from "@kasbah/testkit";
import type { Caller } from "../issuance/ports.ts";
import { boundToPods, type PodBindingDeps } from "./deleted-pods.ts";
import { fakeToken } from "./fake-token.fixture.ts";

const workload = { namespace: "demo", serviceAccount: "frontend" };
const spiffeId = SpiffeId.forWorkload(parseTrustDomain("cluster.local"), workload);
const credential = { kind: "jwks-token", issuer: "https://cluster.test", tokenIdHash: undefined } as const;
const inPod: Caller = { spiffeId, credential, pod: { name: "app", uid: "one" } };
const token = fakeToken();

describe("boundToPods", () => {
  const gone = (namespace: string, uid: string) => ({
    isGone: (...asked: readonly string[]) => asked.join() === `${namespace},${uid}`,
  });

  function authenticate(caller: Caller, deps: Partial<PodBindingDeps> = {}): Promise<Caller> {
    const inner = { kind: "jwks-token", checks: () => true, authenticate: async () => caller } as const;
    const markOf = (uid: string) => `mark of ${uid}`;
    return boundToPods(inner, { isOurs: () => true, pods: undefined, markOf, ...deps }).authenticate(token);
  }

  it("rejects the token of a pod that was seen to disappear, although the token itself is valid", async () => {
    await rejectsWithCode(authenticate(inPod, { pods: gone("demo", "one") }), "CALLER_DELETED");
    for (const pods of [gone("demo", "another"), gone("other", "one"), undefined])
      assert.equal((await authenticate(inPod, { pods })).pod?.uid, "one");
  });

  it("marks the callers of this cluster with their pods", async () => {
    assert.equal((await authenticate(inPod)).podMark, "mark of one");
    assert.deepEqual(await authenticate(inPod, { markOf: () => undefined }), inPod);
    const { pod: _, ...withoutPod } = inPod;
    assert.deepEqual(await authenticate(withoutPod), withoutPod);
  });

  it("neither holds the callers of another cluster against the pods of this one nor marks them", async () => {
    const caller = await authenticate(inPod, { isOurs: () => false, pods: gone("demo", "one") });
    assert.deepEqual(caller, inPod);
  });
});
