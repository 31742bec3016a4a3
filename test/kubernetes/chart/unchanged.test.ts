import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { earlierInstallations } from "../../harness/chart/earlier-objects.ts";
import { chartPath, root } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

describe("Chart with unchanged values", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const { name, values, objects } of earlierInstallations()) {
    it(`creates the same objects as the earlier chart, byte for byte: ${name}`, async () => {
      const present = await helm.template(values);
      assert.deepEqual(present.map(bytes), objects.map(bytes));
    });

    it(`creates them in an upgrade with --reuse-values, which brings no new default: ${name}`, async () => {
      const chart = helm.path(name);
      await cp(chartPath, chart, { recursive: true });
      await cp(join(root, "test/fixtures/chart/values.yaml"), `${chart}/values.yaml`);
      const present = await helm.template(values, { chart });
      assert.deepEqual(present.map(bytes), objects.map(bytes));
    });
  }
});

function bytes(object: object): string {
  return JSON.stringify(object);
}
