import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseValues } from "../../../packages/cli/src/install/values/values.ts";
import { testImage } from "../../harness/chart/installations.ts";
import { wrongCombinations } from "../../harness/chart/wrong-combinations.ts";
import { OfflineHelm } from "./helm-offline.ts";

describe("Combinations of values that cannot work", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const values of wrongCombinations) {
    it(`are rejected by the chart in the words of kasbah install: ${JSON.stringify(values)}`, async () => {
      const [problem = "", ...more] = problemsOf({ ...testImage, ...values });
      assert.deepEqual(more, []);
      await assert.rejects(helm.template({ ...testImage, ...values }), ({ message }: Error) => {
        assert.ok(problem !== "" && message.includes(problem), `${problem}\n${message}`);
        return true;
      });
    });
  }

  it("are not looked for without a CA", async () => {
    assert.deepEqual(await helm.template({ ca: { enabled: false }, serviceAccount: { create: false } }), []);
  });
});

function problemsOf(values: object): readonly string[] {
  try {
    parseValues(values);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}
