import assert from "node:assert/strict";
import { installations } from "../../harness/chart/installations.ts";
import { chartPath } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

describe("helm lint --strict", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  for (const [name, values] of Object.entries(installations)) {
    it(`finds nothing: ${name}`, async () => {
      const said = await helm.run(
        ["lint", chartPath, "--strict", "--values=-", "--kube-version=1.35.0"],
        values,
      );
      assert.match(said, /1 chart\(s\) linted, 0 chart\(s\) failed/);
      assert.doesNotMatch(said, /\[(INFO|WARNING|ERROR)\]/);
    });
  }
});
