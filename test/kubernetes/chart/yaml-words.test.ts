import assert from "node:assert/strict";
import { installed, testImage } from "../../harness/chart/installations.ts";
import { byName } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

/** Names that Kubernetes accepts, and that YAML reads as a number or a boolean unless they are quoted. */
const values: Readonly<Record<string, object>> = {
  "of the service account": { serviceAccount: { name: "123" } },
  "of a storage class": { volume: { storageClassName: "1" } },
  "of a claim": { volume: { existingClaim: "2024" } },
  "of classes": { pod: { priorityClassName: "1000", runtimeClassName: "null" } },
  "of a topology key": { pod: { topologySpread: ["on"] } },
  "of a class of load balancers": { service: { type: "LoadBalancer", loadBalancerClass: "1" } },
  "of a port": { podMonitor: { enabled: true, port: "9000" } },
  "of a policy": { policy: { configMap: "1e3" } },
  "of Secrets and ConfigMaps": {
    ca: { stateSecret: "1", checkpointConfigMap: "2" },
    rootConfigMap: { name: "3" },
  },
};

describe("Chart with names that look like numbers", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const [name, given] of Object.entries(values)) {
    it(`keeps the name ${name} a text`, async () => {
      const objects = await helm.template({ ...testImage, ...given }, { namespace: "mesh" });
      assert.deepEqual(byName(objects), byName(installed(given, "mesh")));
    });
  }

  it("keeps the names of the release, its namespace and the CA texts", async () => {
    const given = { ...testImage, fullnameOverride: "true", serviceMonitor: { enabled: true } };
    const flags = [
      "--api-versions=apps/v1/StatefulSet",
      "--api-versions=monitoring.coreos.com/v1/ServiceMonitor",
    ];
    const objects = await helm.template(given, { name: "123", namespace: "2024", flags });
    const usual = { ...given, fullnameOverride: "t" };
    const expected = await helm.template(usual, { name: "r", namespace: "n", flags });
    const types = (of: readonly object[]) =>
      JSON.stringify(of)
        .replaceAll(/"[^"]*"(:?)/g, (text, colon) => (colon ? text : '""'))
        .replaceAll("\\", "");
    assert.equal(types(objects), types(expected));
  });
});
