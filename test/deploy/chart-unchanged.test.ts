import assert from "node:assert/strict";
import { earlierInstallations } from "../harness/chart/earlier-objects.ts";
import { installed } from "../harness/chart/installations.ts";
import { byName } from "../harness/chart/yaml.ts";

describe("Objects of unchanged values", () => {
  for (const { name, values, objects } of earlierInstallations()) {
    it(`kasbah install creates what the earlier chart created: ${name}`, () => {
      assert.deepEqual(byName(installed(values)), byName(objects));
    });
  }
});
