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

describe("The owner of a field", () => {
  it("is nobody in managed fields of odd shapes", () => {
    for (const odd of [undefined, null, 7, "kasbah", {}, [null], [7], [["kasbah"]], [{ fieldsV1: [] }]])
      assert.equal(ownerOf(managedFieldsSchema.parse(odd), "data", key), undefined, JSON.stringify(odd));
    const odd = [{ "f:data": null }, { "f:data": "f:root-cert.pem" }, { "f:data": [] }, {}];
    for (const fieldsV1 of odd) assert.equal(ownerIn({ manager: "x", time: "", fieldsV1 }), undefined);
  });

  it("is found beside entries that cannot be read", () => {
    assert.equal(ownerIn(null, { fieldsV1: 7 }, entry("istiod", "2030-01-01T00:00:00Z")), "istiod");
  });

  it("is not who wrote another field, or nothing but inherited names", () => {
    assert.equal(ownerIn(entry("istiod", "2030-01-01T00:00:00Z", "f:other.pem")), undefined);
    const { fieldsV1 } = entry("istiod", "2030-01-01T00:00:00Z");
    assert.equal(ownerOf([{ manager: "x", time: "", fieldsV1 }], "data", "__proto__"), undefined);
  });

  it("is who wrote last, or we where we share it", () => {
    const [older, newer] = [entry("older", "2030-01-01T00:00:00Z"), entry("newer", "2030-01-02T00:00:00Z")];
    assert.equal(ownerIn(newer, older), "newer");
    assert.equal(ownerIn(older, newer), "newer");
    assert.equal(ownerIn(newer, entry("kasbah", "2029-01-01T00:00:00Z"), older), "kasbah");
  });

  it("is another program, unless it is we or a person with kubectl", () => {
    for (const manager of ["kasbah", "kubectl", "kubectl-edit", "kubectl-client-side-apply", undefined])
      assert.equal(isAnotherProgram(manager), false);
    for (const manager of ["pilot-discovery", "kasbah2", "kubectlx", "argocd-controller", "Kasbah"])
      assert.equal(isAnotherProgram(manager), true, manager);
  });
});

describe("A ConfigMap with a root", () => {
  const read = (object: unknown) => publishedRootSchema.parse(object);
  const current: PublishedRoot = { digest: digestOf("ours"), hasLabel: true, owner: "kasbah" };
  const compare = (change: Partial<PublishedRoot>, lastPublished?: string) =>
    compareRoot({ ...current, ...change }, digestOf("ours"), lastPublished);

  it("is read in any shape, without its content", () => {
    const large = "x".repeat(1_000_000);
    const object = {
      metadata: { labels: { "istio.io/config": "true" } },
      data: { [key]: large, other: large },
    };
    assert.deepEqual(read(object), { digest: digestOf(large), hasLabel: true, owner: undefined });
    for (const data of [undefined, null, {}, { [key]: 7 }, { [key]: null }, { other: "ours" }]) {
      const none = { digest: undefined, hasLabel: false, owner: undefined };
      assert.deepEqual(read({ metadata: { labels: null, managedFields: null }, data }), none);
    }
  });

  it("is right when it holds our bundle and the label", () => {
    assert.equal(compare({}), "current");
    assert.equal(
      compareRoot(read({ metadata: {}, data: { [key]: "ours" } }), digestOf("ours"), undefined),
      "outdated",
    );
    assert.equal(compare({ hasLabel: false }), "outdated");
  });

  it("is right however its lines end", () => {
    assert.equal(digestOf("a\r\nb\r\n"), digestOf("a\nb"));
    assert.notEqual(digestOf("a\nb"), digestOf("ab"));
  });

  it("is right as another program left it, when that is our bundle", () => {
    assert.equal(compare({ owner: "pilot-discovery", hasLabel: false }), "current");
  });

  it("is wrong when it is not there, has no root, or was changed by us or by hand", () => {
    assert.equal(compareRoot(undefined, digestOf("ours"), undefined), "outdated");
    assert.equal(compare({ digest: undefined, owner: "pilot-discovery" }), "outdated");
    for (const owner of ["kasbah", "kubectl-edit", undefined])
      assert.equal(compare({ digest: digestOf("old"), owner }), "outdated");
  });

  it("is another's when another program wrote another root, unless that was ours until now", () => {
    const theirs = { digest: digestOf("theirs"), owner: "pilot-discovery" };
    assert.equal(compare(theirs), "foreign");
    assert.equal(compare(theirs, digestOf("old")), "foreign");
    assert.equal(compare({ ...theirs, digest: digestOf("old") }, digestOf("old")), "outdated");
  });

  it("keeps what others put into it, when the root is written", () => {
    const metadata = { name: "roots", resourceVersion: "7", labels: { team: "a" }, annotations: { a: "b" } };
    const found = {
      metadata,
      data: { other: "kept", [key]: "old" },
      binaryData: { [key]: "AA==", more: "AA==" },
    };
    assert.deepEqual(withRoot("roots", found, "new"), {
      ...{ apiVersion: "v1", kind: "ConfigMap" },
      metadata: { ...metadata, labels: { team: "a", "istio.io/config": "true" } },
      data: { other: "kept", [key]: "new" },
      binaryData: { more: "AA==" },
    });
  });

  it("is right after it was written, whatever it was before", () => {
    const texts = fc.option(fc.dictionary(fc.string(), fc.string()));
    fc.assert(
      fc.property(texts, texts, texts, fc.string(), (labels, data, binaryData, pem) => {
        const written = withRoot("roots", { metadata: { name: "roots", labels }, data, binaryData }, pem);
        assert.equal(compareRoot(read(written), digestOf(pem), undefined), "current");
      }),
    );
  });
});
