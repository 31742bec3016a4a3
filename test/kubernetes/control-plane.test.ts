import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { decodeJwt } from "jose";
import { suiteTimeoutMs } from "../harness/until.ts";
import { whyNoHelm } from "./build-tools.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createToken, createWorkload, modestPod, type Workload } from "./workloads.ts";

interface TokenReview {
  readonly status: { readonly authenticated?: boolean; readonly error?: string; readonly user: object };
}

const audience = "istio-ca";

describe("Kubernetes control plane for tests", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;

  before(() => {
    controlPlane = sharedControlPlane();
  });

  it("grants a service account only the rights that RBAC binds to it", async () => {
    const namespace = await controlPlane.newNamespace("ca");
    await controlPlane.kubectl(["create", "serviceaccount", "ca", `--namespace=${namespace}`]);
    const token = await createToken(controlPlane, namespace, "ca");
    const manifest = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
    const stdin = JSON.stringify(manifest);
    // Otherwise kubectl first reads CustomResourceDefinitions, which the account may not do.
    const create = ["create", "--validate=false", "--output=name", "--filename=-"];
    const ask = () => controlPlane.kubectl([...create, `--token=${token}`], { stdin });
    await assert.rejects(ask(), /forbidden.*cannot create resource "tokenreviews"/s);
    const toAccount = `--serviceaccount=${namespace}:ca`;
    await controlPlane.kubectl([
      "create",
      "clusterrolebinding",
      namespace,
      "--clusterrole=system:auth-delegator",
      toAccount,
    ]);
    assert.match(await ask(), /^tokenreview/);
  });

  it("rejects a pod that violates its namespace's Pod Security level, and names the container", async () => {
    const level = { "pod-security.kubernetes.io/enforce": "restricted" };
    const pods = `/api/v1/namespaces/${await controlPlane.newNamespace("restricted", level)}/pods`;
    const spec = { containers: [{ name: "sidecar", image: "sidecar" }] };
    const { status, body } = await controlPlane.adminRequest("POST", pods, { ...modestPod, spec });
    assert.equal(status, 403);
    assert.match(JSON.stringify(body), /violates PodSecurity.*container \\"sidecar\\" must set/);
    assert.equal((await controlPlane.adminRequest("POST", pods, modestPod)).status, 201);
  });

  it("sends events to watchers", async () => {
    const configMaps = `/api/v1/namespaces/${await controlPlane.newNamespace("watch")}/configmaps`;
    const settings = { metadata: { name: "settings" }, data: { key: "old" } };
    await controlPlane.adminRequest("POST", configMaps, settings);
    const watched = `${configMaps}?watch=true&fieldSelector=metadata.name%3Dsettings`;
    const seen: string[] = [];
    for await (const { type, object } of controlPlane.watch<typeof settings>(watched)) {
      seen.push(`${type} ${object.data.key}`);
      const path = `${configMaps}/settings`;
      if (type === "ADDED") await controlPlane.adminRequest("PATCH", path, { data: { key: "new" } });
      if (type === "MODIFIED") await controlPlane.adminRequest("DELETE", path);
      if (type === "DELETED") break;
    }
    assert.deepEqual(seen, ["ADDED old", "MODIFIED new", "DELETED new"]);
  });

  it("serves ClusterTrustBundles, which are optional in clusters of its version", async () => {
    const path = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles";
    assert.equal((await controlPlane.adminRequest("GET", path)).status, 200);
  });

  it("accepts requests from Helm", async function () {
    if (whyNoHelm() !== undefined) this.skip();
    // The first run builds Helm.
    this.timeout(0);
    const helm = await openHelm(dirname(controlPlane.kubeconfig), controlPlane.kubeconfig);
    assert.match(await helm.run(["version", "--short"]), /^v3\.22\.0/);
    assert.match(await helm.run(["list", "--all-namespaces"]), /^NAME\s+NAMESPACE/);
  });

  it("leaves neither processes nor files behind when it stops", async () => {
    const other = await startControlPlane();
    const { pids, logs } = other;
    assert.deepEqual(pids.map(isAlive), [true, true, true, true]);
    await other.stop();
    assert.deepEqual(pids.map(isAlive), [false, false, false, false]);
    assert.deepEqual([logs, dirname(other.kubeconfig)].map(existsSync), [false, false]);
  });
});

describe("Service account token bound to a pod", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let workload: Workload;

  before(async () => {
    controlPlane = sharedControlPlane();
    workload = await createWorkload(controlPlane, audience);
  });

  async function review(token: string, audiences: readonly string[]) {
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    const { body } = await controlPlane.adminRequest<TokenReview>("POST", path, {
      spec: { token, audiences },
    });
    return body.status;
  }

  it("is rejected for another audience or with a forged signature, with no `authenticated` field in the review", async () => {
    const { authenticated, error = "" } = await review(workload.token, ["vault"]);
    assert.equal(authenticated, undefined);
    assert.match(error, /token audiences \["istio-ca"\] is invalid for the target audiences \["vault"\]/);
    const forged = workload.token.replace(/[^.]+$/, "A".repeat(342));
    const verdict = await review(forged, [audience]);
    assert.equal(verdict.authenticated, undefined);
    assert.match(verdict.error ?? "", /invalid bearer token/);
  });

  it("carries the identities of its service account and pod as claims", () => {
    const { namespace, podUid, serviceAccountUid, token } = workload;
    const { aud, iss, sub, exp = 0, iat = 0, "kubernetes.io": bound } = decodeJwt(token);
    assert.deepEqual([aud, iss], [[audience], "https://kubernetes.default.svc"]);
    assert.deepEqual([sub, exp - iat], [`system:serviceaccount:${namespace}:default`, 3600]);
    assert.deepEqual(bound, {
      namespace,
      node: { name: "node-1" },
      pod: { name: "app", uid: podUid },
      serviceaccount: { name: "default", uid: serviceAccountUid },
    });
  });

  it("is accepted in a TokenReview that returns the audience, the user and the pod", async () => {
    const { namespace, podUid, serviceAccountUid, token } = workload;
    assert.deepEqual(await review(token, [audience, "vault"]), {
      authenticated: true,
      audiences: [audience],
      user: {
        username: `system:serviceaccount:${namespace}:default`,
        uid: serviceAccountUid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": [`JTI=${decodeJwt(token).jti}`],
          "authentication.kubernetes.io/node-name": ["node-1"],
          "authentication.kubernetes.io/pod-name": ["app"],
          "authentication.kubernetes.io/pod-uid": [podUid],
        },
      },
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
