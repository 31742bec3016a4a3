import assert from "node:assert/strict";
import { gitOpsReleases } from "../../harness/chart/gitops-values.ts";
import { installed } from "../../harness/chart/installations.ts";
import { byName } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

describe("Values of docs/gitops.md", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const { kind, namespace, values } of gitOpsReleases()) {
    it(`render with the chart, to what kasbah install creates: ${kind}`, async () => {
      const objects = await helm.template(values, { namespace });
      assert.deepEqual(byName(objects), byName(installed(values, namespace)));
    });
  }
});
