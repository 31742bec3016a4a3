import assert from "node:assert/strict";
import { parseTrustDomain, SpiffeId } from "@kasbah/pki";
import { rejectsWithCode } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import type { Caller } from "../issuance/ports.ts";
import { createNodeImpersonation, noImpersonation } from "./node-impersonation.ts";
import type { PodSource, RunningPod } from "./ports.ts";

const trustDomain = parseTrustDomain("cluster.local");
const wanted = "spiffe://cluster.local/ns/demo/sa/frontend";

/** ztunnel's pod on node-1. */
const ztunnel: Caller = {
  spiffeId: SpiffeId.forWorkload(trustDomain, { namespace: "istio-system", serviceAccount: "ztunnel" }),
  credential: { kind: "kubernetes-token", tokenIdHash: undefined },
  pod: { name: "ztunnel-1", uid: "uid-1" },
  node: "node-1",
};
const running: RunningPod = { uid: "uid-1", serviceAccount: "ztunnel", node: "node-1" };

/** A cluster in which ztunnel runs on node-1 and demo/frontend on the given nodes. */
class FakePods implements PodSource {
  own: RunningPod | undefined = running;
  frontendNodes: readonly string[] = ["node-1"];
  outage: CaError | undefined;
  readonly asked: string[] = [];

  async find(namespace: string, name: string) {
    this.asked.push(`find ${namespace}/${name}`);
    if (this.outage !== undefined) throw this.outage;
    return `${namespace}/${name}` === "istio-system/ztunnel-1" ? this.own : undefined;
  }

  async runsOn(node: string, { namespace, serviceAccount }: { namespace: string; serviceAccount: string }) {
    this.asked.push(`list ${node}`);
    if (this.outage !== undefined) throw this.outage;
    return `${namespace}/${serviceAccount}` === "demo/frontend" && this.frontendNodes.includes(node);
  }
}

describe("createNodeImpersonation", () => {
  let pods: FakePods;

  beforeEach(() => {
    pods = new FakePods();
  });

  const ask = (
    caller: Caller = ztunnel,
    identity = wanted,
    trustedAccounts = ["kube-system/cni", "istio-system/ztunnel"],
  ) => createNodeImpersonation({ trustedAccounts, pods, trustDomain }).impersonate(caller, identity);
  const refuse = (...given: Parameters<typeof ask>) =>
    rejectsWithCode(ask(...given), "IMPERSONATION_REFUSED");
  const named = (namespace: string, serviceAccount: string): Caller => ({
    ...ztunnel,
    spiffeId: SpiffeId.forWorkload(trustDomain, { namespace, serviceAccount }),
  });

  it("refuses a caller whose account is not trusted, and names the account", async () => {
    const { message } = await refuse(named("demo", "frontend"));
    assert.match(
      message,
      /the caller demo\/frontend is not a trusted node account: .*--trusted-node-account/,
    );
    await refuse(named("istio-system", "ztunnel2"));
    await refuse(named("istio-system2", "ztunnel"));
    await refuse(ztunnel, wanted, []);
    assert.deepEqual(pods.asked, [], "a caller who is not trusted costs the API server nothing");
  });

  it("refuses a caller whose name is not a workload's", async () => {
    await refuse({ ...ztunnel, spiffeId: new SpiffeId(trustDomain, "/something/else") }, wanted, [
      "/",
      "undefined/undefined",
    ]);
  });

  it("refuses an identity of another trust domain, even if such a pod runs on the node", async () => {
    for (const other of [
      "evil.test",
      "cluster.local.evil.test",
      "cluster.loca",
      "sub.cluster.local",
      "CLUSTER.LOCAL",
    ]) {
      await refuse(ztunnel, `spiffe://${other}/ns/demo/sa/frontend`);
    }
  });

  it("refuses everything but a canonical workload identity", async () => {
    const odd = [
      "",
      "demo/frontend",
      "spiffe://cluster.local",
      "spiffe://cluster.local/",
      "spiffe://cluster.local/ns/demo",
      "spiffe://cluster.local/ns/demo/sa/",
      `${wanted}/`,
      `${wanted}/x`,
      `${wanted}?a=1`,
      `${wanted}#a`,
      ` ${wanted}`,
      `${wanted}\n`,
      `${wanted}\u0000`,
      "SPIFFE://cluster.local/ns/demo/sa/frontend",
      "spiffe://cluster.local:443/ns/demo/sa/frontend",
      "spiffe://user@cluster.local/ns/demo/sa/frontend",
      "spiffe://cluster.local/ns/demo/sa/%66rontend",
      "spiffe://cluster.local/ns/demo/sa/../sa/frontend",
      "spiffe://cluster.local/sa/frontend/ns/demo",
      "spiffe://cluster.local/NS/demo/SA/frontend",
      "https://cluster.local/ns/demo/sa/frontend",
      `spiffe://cluster.local/ns/demo/sa/${"x".repeat(3000)}`,
    ];
    for (const identity of odd) await refuse(ztunnel, identity);
    assert.deepEqual(pods.asked, []);
  });

  it("refuses a caller whose credential names no pod, such as a certificate or a token of another issuer", async () => {
    const { pod: _, ...podless } = ztunnel;
    const { message } = await refuse(podless);
    assert.match(message, /not bound to a pod/);
    assert.deepEqual(pods.asked, []);
  });

  it("refuses a caller whose pod was deleted or replaced by another of the same name", async () => {
    pods.own = undefined;
    await refuse();
    pods.own = { ...running, uid: "uid-2" };
    await refuse();
  });

  it("refuses a caller whose pod runs under another account than its token names", async () => {
    pods.own = { ...running, serviceAccount: "frontend" };
    await refuse();
  });

  it("refuses a caller whose pod is not scheduled, or runs on another node than its token names", async () => {
    pods.own = { ...running, node: "" };
    await refuse();
    pods.own = { ...running, node: "node-2" };
    pods.frontendNodes = ["node-1", "node-2"];
    const { message } = await refuse();
    assert.match(message, /does not run on the node that its token names/);
  });

  it("refuses the identity of a pod that runs only on another node", async () => {
    pods.frontendNodes = ["node-2"];
    const { message } = await refuse();
    assert.match(message, /no pod with that identity runs on the caller's node/);
  });

  it("refuses an account of the same name in another namespace, and another account of the namespace", async () => {
    await refuse(ztunnel, "spiffe://cluster.local/ns/prod/sa/frontend");
    await refuse(ztunnel, "spiffe://cluster.local/ns/demo/sa/backend");
  });

  it("reports AUTHENTICATOR_UNAVAILABLE instead of a refusal while pods cannot be looked up", async () => {
    pods.outage = new CaError("AUTHENTICATOR_UNAVAILABLE", "down");
    await rejectsWithCode(ask(), "AUTHENTICATOR_UNAVAILABLE");
  });

  it("grants the identity if a pod with it runs on the caller's node", async () => {
    assert.equal((await ask()).toString(), wanted);
    assert.deepEqual(pods.asked, ["find istio-system/ztunnel-1", "list node-1"]);
  });

  it("uses the node that the caller's pod runs on if its token names none", async () => {
    const { node: _, ...caller } = ztunnel;
    pods.own = { ...running, node: "node-2" };
    pods.frontendNodes = ["node-2"];
    assert.equal((await ask(caller)).toString(), wanted);
    pods.frontendNodes = ["node-1"];
    await refuse(caller);
  });

  it("grants the identity to a caller with a verified token of a key set that is bound to its pod", async () => {
    const credential = { kind: "jwks-token", issuer: "https://issuer.test", tokenIdHash: undefined } as const;
    assert.equal((await ask({ ...ztunnel, credential })).toString(), wanted);
  });
});

describe("noImpersonation", () => {
  it("refuses every impersonation instead of issuing for the caller's own name", async () => {
    for (const identity of [wanted, "spiffe://cluster.local/ns/istio-system/sa/ztunnel", ""]) {
      const { message } = await rejectsWithCode(
        noImpersonation.impersonate(ztunnel, identity),
        "IMPERSONATION_REFUSED",
      );
      assert.match(message, /--trusted-node-account/);
    }
  });
});
