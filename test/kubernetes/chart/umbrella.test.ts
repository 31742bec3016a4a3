import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { installations, testImage } from "../../harness/chart/installations.ts";
import { chartPath, type KubernetesObject } from "../../harness/chart/yaml.ts";
import { OfflineHelm } from "./helm-offline.ts";

const sole = { name: "kasbah", version: "*", repository: "" };

describe("Chart below an umbrella chart", () => {
  const helm = new OfflineHelm();
  let umbrellas = 0;
  before(function () {
    return helm.open(this);
  });
  after(() => helm.close());

  /** The path of an umbrella chart with these dependencies. */
  async function umbrella(...dependencies: readonly object[]): Promise<string> {
    const path = helm.path(`umbrella-${umbrellas++}`);
    await mkdir(path);
    await cp(chartPath, `${path}/charts/kasbah`, { recursive: true });
    const chart = { apiVersion: "v2", name: "platform", version: "1.0.0", dependencies };
    await writeFile(`${path}/Chart.yaml`, JSON.stringify(chart));
    return path;
  }
  const template = async (values: object, ...dependencies: readonly object[]) =>
    helm.template(values, { chart: await umbrella(...dependencies), name: "kasbah" });

  for (const [name, values] of Object.entries(installations)) {
    it(`creates the same objects as alone: ${name}`, async () => {
      const { global, ...own } = values;
      const inside = await template({ global, kasbah: own }, sole);
      assert.deepEqual(inside, await helm.template(values));
    });
  }

  it("follows its condition and its tags", async () => {
    const condition = { ...sole, condition: "kasbah.enabled", tags: ["mesh"] };
    const kinds = async (values: object) =>
      (await template({ kasbah: testImage, ...values }, condition)).map(({ kind }) => kind);
    assert.ok((await kinds({})).includes("StatefulSet"));
    assert.ok((await kinds({ tags: { mesh: true } })).includes("StatefulSet"));
    assert.deepEqual(await kinds({ tags: { mesh: false } }), []);
    assert.deepEqual(await kinds({ kasbah: { enabled: false } }), []);
    const both = { kasbah: { ...testImage, enabled: true }, tags: { mesh: false } };
    assert.ok((await kinds(both)).includes("StatefulSet"));
  });

  it("keeps its names and selectors under an alias, and its label names the alias", async () => {
    const aliased = await template({ mesh: testImage }, { ...sole, alias: "mesh" });
    const text = (objects: readonly KubernetesObject[]) => JSON.stringify(objects);
    const alone = text(await helm.template(testImage));
    assert.equal(text(aliased), alone.replaceAll('"helm.sh/chart":"kasbah-', '"helm.sh/chart":"mesh-'));
  });

  it("can be there twice, under two aliases with two names", async () => {
    const second = { ...testImage, fullnameOverride: "edge-ca", ca: { stateSecret: "edge-ca" } };
    const aliases = [
      { ...sole, alias: "mesh" },
      { ...sole, alias: "edge" },
    ];
    const objects = await template({ mesh: testImage, edge: second }, ...aliases);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes("StatefulSet kasbah") && names.includes("StatefulSet edge-ca"));
  });

  it("takes the registry and the pull secrets of the umbrella chart", async () => {
    const global = { imageRegistry: "mirror.example/", imagePullSecrets: ["mirror", { name: "own" }] };
    const pod = async (repository: string) => {
      const own = { image: { repository }, imagePullSecrets: [{ name: "own" }] };
      const objects = await template({ global, kasbah: own }, sole);
      return podIn(objects);
    };
    const { containers, imagePullSecrets } = await pod("mesh/ca");
    assert.equal(containers[0]?.image, "mirror.example/mesh/ca:0.1.0");
    assert.deepEqual(imagePullSecrets, [{ name: "own" }, { name: "mirror" }]);
    const kept = await pod("registry.example:5000/mesh/ca");
    assert.equal(kept.containers[0]?.image, "registry.example:5000/mesh/ca:0.1.0");
  });

  it("accepts the globals of other charts in any form", async () => {
    const global = {
      istioNamespace: "istio-system",
      hosts: [1, { a: null }],
      storageClass: "",
      imageRegistry: "",
    };
    assert.deepEqual(await template({ global, kasbah: testImage }, sole), await helm.template(testImage));
  });

  it("leaves user and groups to OpenShift if the umbrella chart sets them to null", async () => {
    const securityContext = { runAsUser: null, runAsGroup: null, fsGroup: null };
    const { containers, securityContext: kept } = podIn(
      await template({ kasbah: { ...testImage, pod: { securityContext } } }, sole),
    );
    for (const field of ["runAsUser", "runAsGroup", "fsGroup"])
      assert.equal(kept?.[field] ?? null, null, field);
    assert.equal(kept?.["runAsNonRoot"], true);
    const none = { ...testImage, pod: { securityContext: null, containerSecurityContext: null } };
    const bare = podIn(await template({ kasbah: none }, sole));
    assert.deepEqual([bare.securityContext, bare.containers[0]?.securityContext], [undefined, undefined]);
    assert.equal(containers.length, 1);
  });
});

interface Pod {
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly imagePullSecrets?: readonly object[];
  readonly containers: readonly { readonly image: string; readonly securityContext?: object }[];
}

function podIn(objects: readonly KubernetesObject[]): Pod {
  const set = objects.find(({ kind }) => kind === "StatefulSet");
  return (set as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec;
}
