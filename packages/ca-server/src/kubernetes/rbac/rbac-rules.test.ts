import assert from "node:assert/strict";
import { bareConfig, fullConfig } from "./rbac-config.fixture.ts";
import { describeDenied, neededPermissions, neededRules, type RbacConfig } from "./rbac-rules.ts";

const asked = (config: RbacConfig) =>
  neededPermissions(config).map(({ rule, verb, name = "*" }) => `${verb} ${rule.resource} ${name}`);

describe("RBAC rules of the CA", () => {
  it("requires no RBAC rule outside Kubernetes", () => {
    assert.deepEqual(asked({ ...fullConfig, kubernetesApi: undefined }), []);
  });

  it("requires only TokenReview for a CA that publishes and shares nothing", () => {
    assert.deepEqual(asked(bareConfig), ["create tokenreviews *"]);
  });

  it("requires the rules of each configured feature, restricted to a name where RBAC allows it", () => {
    const { rootConfigMap, stateSecret, takeOverSecret } = fullConfig;
    assert.deepEqual(asked({ ...bareConfig, rootConfigMap }).slice(1), [
      ...["list namespaces *", "watch namespaces *", "create configmaps *"],
      ...["get", "list", "watch", "update"].map((verb) => `${verb} configmaps istio-ca-root-cert`),
    ]);
    assert.deepEqual(asked({ ...bareConfig, stateSecret }).slice(1), [
      ...["create secrets *", "get secrets kasbah-state", "watch secrets kasbah-state"],
      ...["update secrets kasbah-state", "create leases *"],
      ...["get leases kasbah-leader", "update leases kasbah-leader"],
    ]);
    const takeOver = ["get secrets cacerts", "get secrets istio-ca-secret"];
    assert.deepEqual(asked({ ...bareConfig, takeOverSecret }).slice(1), takeOver);
  });

  it("requires the pods for node proxies, and for client certificates unless those renew without a pod", () => {
    const pods = ["get pods *", "list pods *", "watch pods *"];
    const proxies = { ...bareConfig, trustedNodeAccount: ["istio-system/ztunnel"] };
    const certificates = { ...bareConfig, noClientCertificates: false };
    assert.deepEqual(asked(proxies).slice(1), pods);
    assert.deepEqual(asked(certificates).slice(1), pods);
    assert.deepEqual(asked({ ...certificates, renewWithoutPod: true }).slice(1), []);
  });

  it("requires every rule in some configuration, and states its purpose", () => {
    const used = new Set(neededPermissions(fullConfig).map(({ rule }) => rule));
    assert.deepEqual([...used], neededRules);
    for (const { reason, resource } of neededRules) assert.ok(reason.length > 15, resource);
  });

  it("requires no wildcard and no verb that allows privilege escalation", () => {
    const held = neededRules.flatMap(({ group, resource, verbs }) => [group, resource, ...verbs]);
    for (const word of ["*", "escalate", "bind", "impersonate", "delete", "deletecollection", "roles"])
      assert.ok(!held.includes(word), word);
    const secrets = neededRules.filter(({ resource }) => resource === "secrets");
    assert.ok(secrets.every(({ scope, verbs }) => scope === "namespace" && !verbs.includes("list")));
  });

  it("describes a denied rule in a sentence with its purpose and a fix", () => {
    assert.deepEqual(describeDenied(neededPermissions(bareConfig), "kasbah-system"), [
      "RBAC: cannot create tokenreviews.authentication.k8s.io, which the CA needs to authenticate callers by their tokens; bind the CA's service account to a ClusterRole that allows it",
    ]);
    const { takeOverSecret } = fullConfig;
    const [, secrets] = describeDenied(neededPermissions({ ...bareConfig, takeOverSecret }), "kasbah-system");
    assert.equal(
      secrets,
      "RBAC: cannot get secrets named cacerts or istio-ca-secret in the namespace kasbah-system, which the CA needs to take over istiod's CA; bind the CA's service account to a Role there that allows it",
    );
  });
});
