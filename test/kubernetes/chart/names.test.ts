import assert from "node:assert/strict";
import { installations, testImage } from "../../harness/chart/installations.ts";
import type { KubernetesObject } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

const { everything } = installations;

describe("Names of the chart's objects", () => {
  const helm = new OfflineHelm();
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  it("fullnameOverride replaces the name in every object and reference, and nothing else", async () => {
    const usual = await helm.template({ ...everything });
    const renamed = await helm.template({ ...everything, fullnameOverride: "mesh-ca" });
    assert.deepEqual(withoutMark(renamed), JSON.parse(rename(JSON.stringify(usual), "mesh-ca")));
  });

  it("fullnameOverride is passed to the CA, together with its SPIFFE ID", async () => {
    const [set] = kindOf(await helm.template({ ...testImage, fullnameOverride: "mesh-ca" }), "StatefulSet");
    const id = "spiffe://cluster.local/ns/kasbah-system/sa/mesh-ca";
    assert.match(JSON.stringify(set), new RegExp(`"--installation=mesh-ca".*"--own-spiffe-id=${id}"`));
  });

  it("nameOverride replaces the name and the label app.kubernetes.io/name", async () => {
    const objects = await helm.template({ ...testImage, nameOverride: "mesh-ca" });
    for (const { kind, metadata } of objects) {
      assert.equal(metadata.labels["app.kubernetes.io/name"], "mesh-ca", kind);
      assert.match(metadata.name, /^mesh-ca/, kind);
    }
    const [set] = kindOf(objects, "StatefulSet");
    assert.match(JSON.stringify(set), /"matchLabels":\{"app\.kubernetes\.io\/name":"mesh-ca"/);
  });

  it("rejects a name that is no Service's, or too long for a replica's pod", async () => {
    for (const name of ["Mesh", "1st", "mesh.ca", "-a", "a".repeat(41)]) {
      await assert.rejects(helm.template({ ...testImage, fullnameOverride: name }), /fullnameOverride/, name);
    }
  });

  const pairs: [string, object, object][] = [
    [
      "two releases in one namespace",
      { name: "one" },
      { name: "two", values: { fullnameOverride: "mesh-ca" } },
    ],
    ["two releases in two namespaces", { name: "kasbah" }, { name: "kasbah", namespace: "other" }],
    [
      "two CAs of one umbrella chart",
      { name: "platform" },
      { name: "platform", values: { fullnameOverride: "mesh-ca" } },
    ],
  ];
  for (const [title, one, other] of pairs) {
    it(`${title} share no object, and select no pod of each other`, async () => {
      const first = await release(one);
      const second = await release(other);
      const names = new Set(first.map(nameOf));
      assert.deepEqual(
        second.map(nameOf).filter((name) => names.has(name)),
        [],
      );
      assert.deepEqual([selected(first, second), selected(second, first)], [[], []]);
      assert.notDeepEqual([selected(first, first), selected(second, second)], [[], []]);
    });
  }

  async function release({ values, ...rest }: { readonly values?: object }) {
    return await helm.template({ ...everything, ...values }, rest);
  }
});

const kindOf = (objects: readonly KubernetesObject[], kind: string) =>
  objects.filter((object) => object.kind === kind);
const nameOf = ({ kind, metadata: { namespace = "", name } }: KubernetesObject) =>
  `${kind} ${namespace}/${name}`;

/** Replaces the name of the CA, but not that of the program, its container, its labels and its image. */
function rename(text: string, name: string): string {
  return text
    .replaceAll(/"(app\.kubernetes\.io\/name|name|serviceAccountName)":"kasbah"/g, `"$1":"${name}"`)
    .replaceAll(/"kasbah-(dashboard|leader|policy|replicas|workloads|kasbah-system)"/g, `"${name}-$1"`)
    .replaceAll("=kasbah.kasbah-system.svc", `=${name}.kasbah-system.svc`);
}

/** Without what only a CA with another name has. */
function withoutMark(objects: readonly KubernetesObject[]): unknown {
  const text = JSON.stringify(objects).replaceAll(/"--(installation|own-spiffe-id)=[^"]*",/g, "");
  return JSON.parse(text);
}

/** The objects that select pods of the others, in the same namespace. */
function selected(of: readonly KubernetesObject[], others: readonly KubernetesObject[]): readonly string[] {
  const pods = kindOf(others, "StatefulSet").map((set) => ({
    namespace: set.metadata.namespace,
    labels: (set as unknown as { spec: { template: { metadata: { labels: object } } } }).spec.template
      .metadata.labels,
  }));
  return of
    .filter((object) => {
      const selector = selectorOf(object);
      return pods.some(
        ({ namespace, labels }) =>
          selector !== undefined && namespace === object.metadata.namespace && isIn(selector, labels),
      );
    })
    .map(nameOf);
}

interface Selecting {
  readonly spec?: {
    readonly podSelector?: { readonly matchLabels: object };
    readonly selector?: { readonly matchLabels?: object };
  };
}

function selectorOf(object: KubernetesObject): object | undefined {
  const { podSelector, selector } = (object as Selecting).spec ?? {};
  return podSelector?.matchLabels ?? selector?.matchLabels ?? selector;
}

function isIn(selector: object, labels: object): boolean {
  const have = Object.entries(labels).map(String);
  return Object.entries(selector).every((label) => have.includes(String(label)));
}
