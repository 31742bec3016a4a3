import assert from "node:assert/strict";
import fc from "fast-check";
import { isAnotherProgram, managedFieldsSchema, ownerOf } from "../api/managed-fields.ts";
import {
  compareRoot,
  digestOf,
  type PublishedRoot,
  publishedRootSchema,
  withRoot,
} from "./root-config-map.ts";

const key = "root-cert.pem";
const entry = (manager: string, time: string, field = `f:${key}`) => ({
  ...{ manager, time, operation: "Update", fieldsType: "FieldsV1" },
  fieldsV1: { "f:data": { ".": {}, [field]: {} } },
});
const ownerIn = (...entries: unknown[]) => ownerOf(managedFieldsSchema.parse(entries), "data", key);

describe("Owner of a field", () => {
  it("finds no owner in managed fields of unexpected shapes", () => {
    for (const odd of [undefined, null, 7, "kasbah", {}, [null], [7], [["kasbah"]], [{ fieldsV1: [] }]])
      assert.equal(ownerOf(managedFieldsSchema.parse(odd), "data", key), undefined, JSON.stringify(odd));
    const odd = [{ "f:data": null }, { "f:data": "f:root-cert.pem" }, { "f:data": [] }, {}];
    for (const fieldsV1 of odd) assert.equal(ownerIn({ manager: "x", time: "", fieldsV1 }), undefined);
  });

  it("finds the owner despite unreadable entries", () => {
    assert.equal(ownerIn(null, { fieldsV1: 7 }, entry("istiod", "2030-01-01T00:00:00Z")), "istiod");
  });

  it("never finds the writer of another field, or of an inherited property's name", () => {
    assert.equal(ownerIn(entry("istiod", "2030-01-01T00:00:00Z", "f:other.pem")), undefined);
    const { fieldsV1 } = entry("istiod", "2030-01-01T00:00:00Z");
    assert.equal(ownerOf([{ manager: "x", time: "", fieldsV1 }], "data", "__proto__"), undefined);
  });

  it("finds the last writer of a field, or the CA if it shares the field", () => {
    const [older, newer] = [entry("older", "2030-01-01T00:00:00Z"), entry("newer", "2030-01-02T00:00:00Z")];
    assert.equal(ownerIn(newer, older), "newer");
    assert.equal(ownerIn(older, newer), "newer");
    assert.equal(ownerIn(newer, entry("kasbah", "2029-01-01T00:00:00Z"), older), "kasbah");
  });

  it("counts every owner except the CA and users of kubectl as another program", () => {
    for (const manager of ["kasbah", "kubectl", "kubectl-edit", "kubectl-client-side-apply", undefined])
      assert.equal(isAnotherProgram(manager), false);
    for (const manager of ["pilot-discovery", "kasbah2", "kubectlx", "argocd-controller", "Kasbah"])
      assert.equal(isAnotherProgram(manager), true, manager);
  });
});

describe("ConfigMap with a root", () => {
  const read = (object: unknown) => publishedRootSchema.parse(object);
  const identity = { installation: "kasbah-system/kasbah", stateSecret: "kasbah-ca" };
  const publisher = {
    identity: () => identity,
    hasNamespace: (name: string) => ["kasbah-system", "try"].includes(name),
  };
  const current: PublishedRoot = { digest: digestOf("ours"), hasLabel: true, owner: "kasbah", ...identity };
  const compare = (change: Partial<PublishedRoot>, lastPublished?: string) =>
    compareRoot({ ...current, ...change }, digestOf("ours"), lastPublished, publisher);

  it("parses a ConfigMap of any shape, and keeps only a digest of its content", () => {
    const large = "x".repeat(1_000_000);
    const object = {
      metadata: { labels: { "istio.io/config": "true" } },
      data: { [key]: large, other: large },
    };
    assert.deepEqual(read(object), {
      ...{ digest: digestOf(large), hasLabel: true, owner: undefined },
      ...{ installation: undefined, stateSecret: undefined },
    });
    for (const data of [undefined, null, {}, { [key]: 7 }, { [key]: null }, { other: "ours" }]) {
      const none = { digest: undefined, hasLabel: false, owner: undefined, installation: undefined };
      const metadata = { labels: null, annotations: { "kasbah.dev/installation": 7 }, managedFields: null };
      assert.deepEqual(read({ metadata, data }), { ...none, stateSecret: undefined });
    }
  });

  it("counts a ConfigMap with the CA's bundle and the label as current", () => {
    assert.equal(compare({}), "current");
    assert.equal(
      compareRoot(read({ metadata: {}, data: { [key]: "ours" } }), digestOf("ours"), undefined, publisher),
      "outdated",
    );
    assert.equal(compare({ hasLabel: false }), "outdated");
  });

  it("ignores the line ends of a root", () => {
    assert.equal(digestOf("a\r\nb\r\n"), digestOf("a\nb"));
    assert.notEqual(digestOf("a\nb"), digestOf("ab"));
  });

  it("counts a root as current if another program wrote the same bundle", () => {
    assert.equal(compare({ owner: "pilot-discovery", hasLabel: false }), "current");
  });

  it("counts a root as outdated if it is missing, empty, or changed by the CA or manually", () => {
    assert.equal(compareRoot(undefined, digestOf("ours"), undefined, publisher), "outdated");
    assert.equal(compare({ digest: undefined, owner: "pilot-discovery" }), "outdated");
    for (const owner of ["kasbah", "kubectl-edit", undefined])
      assert.equal(compare({ digest: digestOf("old"), owner }), "outdated");
  });

  it("counts a root as foreign if another program wrote it and it is not the one that the CA last published", () => {
    const theirs = { digest: digestOf("theirs"), owner: "pilot-discovery" };
    assert.equal(compare(theirs), "foreign");
    assert.equal(compare(theirs, digestOf("old")), "foreign");
    assert.equal(compare({ ...theirs, digest: digestOf("old") }, digestOf("old")), "outdated");
  });

  it("counts a root as foreign if another installation published it, even if this CA last published the same one", () => {
    const theirs = { digest: digestOf("theirs"), installation: "try/kasbah" };
    assert.equal(compare(theirs), "foreign");
    assert.equal(compare(theirs, digestOf("theirs")), "foreign");
    assert.equal(compare({ installation: "try/kasbah" }), "current", "the same roots harm no workload");
  });

  it("adopts the root of an earlier release, which names no installation, and of one whose namespace is gone", () => {
    for (const digest of [digestOf("ours"), digestOf("old")]) {
      assert.equal(compare({ digest, installation: undefined }), "outdated");
      assert.equal(compare({ digest: digestOf("old"), installation: "purged/kasbah" }), "outdated");
    }
    assert.equal(compare({ stateSecret: undefined }), "outdated", "the keys are in another place now");
  });

  it("never marks a root that another program wrote as its own", () => {
    const unmarked = { owner: "pilot-discovery", installation: undefined, stateSecret: undefined };
    assert.equal(compare(unmarked), "current");
  });

  it("keeps the content of other writers when the root is written", () => {
    const metadata = { name: "roots", resourceVersion: "7", labels: { team: "a" }, annotations: { a: "b" } };
    const found = {
      metadata,
      data: { other: "kept", [key]: "old" },
      binaryData: { [key]: "AA==", more: "AA==" },
    };
    assert.deepEqual(withRoot("roots", found, "new", identity), {
      ...{ apiVersion: "v1", kind: "ConfigMap" },
      metadata: {
        ...metadata,
        labels: { team: "a", "istio.io/config": "true" },
        annotations: {
          a: "b",
          "kasbah.dev/installation": "kasbah-system/kasbah",
          "kasbah.dev/state-secret": "kasbah-ca",
        },
      },
      data: { other: "kept", [key]: "new" },
      binaryData: { more: "AA==" },
    });
  });

  it("counts a root as current after every write, regardless of the previous content", () => {
    const texts = fc.option(fc.dictionary(fc.string(), fc.string()));
    fc.assert(
      fc.property(texts, texts, texts, fc.string(), (labels, data, binaryData, pem) => {
        const written = withRoot(
          "roots",
          { metadata: { name: "roots", labels }, data, binaryData },
          pem,
          identity,
        );
        assert.equal(compareRoot(read(written), digestOf(pem), undefined, publisher), "current");
      }),
    );
  });
});
