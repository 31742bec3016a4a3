import assert from "node:assert/strict";
import { installations } from "../../harness/chart/installations.ts";
import type { KubernetesObject } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

const { everything } = installations;
const ours = { "app.kubernetes.io/name": "taken", "app.kubernetes.io/part-of": "taken" };
const commonLabels = { team: "mesh", "cost-center": "0042", ...ours };
const commonAnnotations = { owner: "mesh@example" };

describe("Common labels and annotations", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  it("are on every object, and on the pods", async () => {
    const objects = await helm.template({ ...everything, commonLabels, commonAnnotations });
    for (const { kind, metadata } of [...objects, podOf(objects)]) {
      assert.equal(metadata.labels["team"], "mesh", kind);
      assert.equal(metadata.labels["cost-center"], "0042", kind);
    }
    for (const { kind, metadata } of objects) {
      assert.equal(
        (metadata as { annotations?: { owner?: string } }).annotations?.owner,
        "mesh@example",
        kind,
      );
    }
  });

  it("change nothing that Kubernetes does not change, and no selector", async () => {
    const plain = await helm.template({ ...everything });
    const labelled = await helm.template({ ...everything, commonLabels, commonAnnotations });
    assert.deepEqual(labelled.map(withoutMetadata), plain.map(withoutMetadata));
  });

  it("never replace a label by which programs find the object", async () => {
    const objects = await helm.template({ ...everything, commonLabels });
    for (const { kind, metadata } of [...objects, podOf(objects)]) {
      const { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": partOf } = metadata.labels;
      assert.deepEqual([name, partOf], ["kasbah", "kasbah"], kind);
    }
  });
});

interface WithTemplate extends KubernetesObject {
  readonly spec: { readonly template: KubernetesObject };
}

function podOf(objects: readonly KubernetesObject[]): KubernetesObject {
  const set = objects.find(({ kind }) => kind === "StatefulSet");
  return { ...(set as WithTemplate).spec.template, kind: "pod" };
}

/** Everything except the metadata of the object and of its pods. */
function withoutMetadata(object: KubernetesObject): unknown {
  const { metadata: _, ...rest } = object;
  const { spec } = object as Partial<WithTemplate>;
  if (spec?.template === undefined) return rest;
  const { metadata: __, ...template } = spec.template;
  return { ...rest, spec: { ...spec, template } };
}
