import assert from "node:assert/strict";
import { installed, testImage } from "../../harness/chart/installations.ts";
import { byName } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

const sections = [
  "ca",
  "policy",
  "rootConfigMap",
  "volume",
  "pod",
  "networkPolicy",
  "service",
  "probes",
  "commonLabels",
];
const nulls: readonly object[] = [...sections.map((name) => ({ [name]: null })), { pod: { labels: null } }];

describe("Chart with values that are null", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const given of nulls) {
    it(`creates the same objects as kasbah install: ${JSON.stringify(given)}`, async () => {
      const objects = await helm.template({ ...testImage, ...given }, { namespace: "mesh" });
      assert.deepEqual(byName(objects), byName(installed(given, "mesh")));
    });
  }
});
