import assert from "node:assert/strict";
import { earlierInstallations } from "../../harness/chart/earlier-objects.ts";
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
  }
});

function bytes(object: object): string {
  return JSON.stringify(object);
}
