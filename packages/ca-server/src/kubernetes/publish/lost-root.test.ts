import assert from "node:assert/strict";
import { createTestAuthority, rejectsWithCode } from "@kasbah/testkit";
import { findLostRoot } from "./lost-root.ts";
import { withRoot } from "./root-config-map.ts";

describe("Root that a lost Secret held", () => {
  let rootPem: string;

  before(async () => {
    rootPem = (await createTestAuthority()).rootPem;
  });

  /** Starts with the Secret `kasbah-ca` and an empty volume, and finds a ConfigMap. */
  const find = (status: number, found: object = {}) =>
    findLostRoot({
      client: { get: async () => ({ status, body: JSON.stringify(found) }) as never },
      ...{ namespace: "mesh", installation: "kasbah" },
      ...{ stateSecret: "kasbah-ca", rootConfigMap: "istio-ca-root-cert" },
    });
  const published = (installation: string, stateSecret: string | undefined) =>
    withRoot("istio-ca-root-cert", undefined, rootPem, { installation, stateSecret });

  it("is reported with the way out if this installation published it", async () => {
    const lost = await find(200, published("mesh/kasbah", "kasbah-ca"));
    assert.match(String(lost), /^Secret mesh\/kasbah-ca is missing .*\([0-9a-f]{64}\): restore the Secret/);
  });

  it("is reported if its Secret has another name, because the name may be a typing error", async () => {
    const lost = await find(200, published("mesh/kasbah", "kasbah-key"));
    assert.match(String(lost), /was in Secret mesh\/kasbah-key: set --state-secret=kasbah-key/);
    assert.match(String(lost), /kubectl -n mesh delete configmap istio-ca-root-cert$/);
  });

  it("does not exist if another installation or no Secret held it, or if nothing was published", async () => {
    for (const found of [published("other/kasbah", "kasbah-ca"), published("mesh/kasbah", undefined)])
      assert.equal(await find(200, found), undefined);
    assert.equal(await find(404), undefined);
    assert.equal(await find(403), undefined);
  });

  it("prevents the start while the API server cannot say, so that no new root is created meanwhile", async () => {
    for (const status of [429, 500, 503]) {
      const { message } = await rejectsWithCode(find(status), "STATE_NOT_DURABLE");
      assert.match(message, /cannot read ConfigMap mesh\/istio-ca-root-cert/);
    }
  });
});
