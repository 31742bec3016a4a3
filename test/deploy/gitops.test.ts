import assert from "node:assert/strict";
import { gitOpsReleases } from "../harness/chart/gitops-values.ts";
import { installed } from "../harness/chart/installations.ts";

describe("docs/gitops.md", () => {
  it("describes one release for Argo CD and one for Flux, in the same namespace", () => {
    const found = gitOpsReleases().map(({ kind, namespace }) => `${kind} ${namespace}`);
    assert.deepEqual(found, ["Application kasbah-system", "HelmRelease kasbah-system"]);
  });

  for (const { kind, namespace, values, ignored } of gitOpsReleases()) {
    it(`has values that install a CA with a pinned image: ${kind}`, () => {
      const objects = installed(values, namespace);
      assert.match(JSON.stringify(objects), /"image":"registry\.example\/kasbah\/server:[^"]+@sha256:0{64}"/);
    });

    it(`ignores parts of objects only that these values create: ${kind}`, () => {
      const names = installed(values, namespace).map((object) => `${object.kind} ${object.metadata.name}`);
      for (const { kind: ofObject, name = "kasbah" } of ignored) {
        assert.ok(names.includes(`${ofObject} ${name}`), `${ofObject} ${name}`);
      }
    });
  }
});
