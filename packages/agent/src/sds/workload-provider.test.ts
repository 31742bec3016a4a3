import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import fc from "fast-check";
import { SecretStore } from "../secret/secret-store.ts";
import { ResourceCatalog } from "./resource-catalog.ts";
import { WorkloadProvider } from "./workload-provider.ts";

const start = new Date("2030-01-01T00:00:00Z");
const own = "spiffe://cluster.local/ns/demo/sa/frontend";
const trustDomain = parseTrustDomain("cluster.local");
const anybody = { trustDomain, namespace: undefined, serviceAccount: undefined };

/** Every name under which a secret may be served. */
const served = new Map([
  ["default", "tlsCertificate"],
  [own, "tlsCertificate"],
  ["ROOTCA", "validationContext"],
  ["spiffe://cluster.local", "validationContext"],
]);

const hostile = [
  "",
  "*",
  "ALL",
  "all",
  "Default",
  "DEFAULT",
  "default ",
  " default",
  "default\0",
  "default\0ROOTCA",
  "default/",
  "rootca",
  "ROOTCA\n",
  "dеfault",
  "ｄｅｆａｕｌｔ",
  "defau\u200blt",
  "__proto__",
  "constructor",
  "toString",
  "kubernetes://default",
  "kubernetes://demo/default",
  "kubernetes-gateway://demo/default",
  "configmap://demo/default",
  "builtin://",
  "builtin://default",
  "invalid://default",
  "sds://default",
  "default-cacert",
  "file-cert:",
  "file-cert:/etc/tls.crt~/etc/tls.key",
  "file-root:system",
  "spiffe://",
  "spiffe://cluster.local/",
  "spiffe://cluster.local/ns/demo/sa/",
  "spiffe://cluster.local/ns/demo/sa/frontend/",
  "spiffe://cluster.local//ns/demo/sa/frontend",
  "spiffe://cluster.local/ns/demo/sa/../sa/frontend",
  "spiffe://cluster.local/ns/demo/sa/front%65nd",
  "spiffe://cluster.local/ns/demo/sa/backend",
  "spiffe://cluster.local/ns/other/sa/frontend",
  "spiffe://cluster.local/ns/demo/sa/Frontend",
  "spiffe://CLUSTER.LOCAL/ns/demo/sa/frontend",
  "SPIFFE://cluster.local/ns/demo/sa/frontend",
  "spiffe://cluster.local./ns/demo/sa/frontend",
  "spiffe://other.local/ns/demo/sa/frontend",
  "spiffe://other.local",
  "spiffe://cluster.local:443/ns/demo/sa/frontend",
  "spiffe://cluster.local/ns/demo/sa/frontend?x",
  "spiffe://cluster.local/ns/demo/sa/frontend#x",
  "spiffe://cluster.local/ns/demo/sa/frontend\0",
  "x".repeat(1_000_000),
];

describe("WorkloadProvider", () => {
  let clock: FakeClock;
  let store: SecretStore;
  let catalog: ResourceCatalog;

  beforeEach(() => {
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    catalog = new ResourceCatalog([new WorkloadProvider(store, anybody)]);
  });

  const publish = async () => store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000, uri: own }));

  it("serves exactly four names, and nothing under a hostile name", async () => {
    await publish();
    for (const name of hostile) {
      assert.equal(catalog.claims(name), false, JSON.stringify(name.slice(0, 80)));
      assert.equal(catalog.current(name), undefined, JSON.stringify(name.slice(0, 80)));
    }
    for (const [name, kind] of served) {
      const found = catalog.current(name);
      assert.deepEqual([found?.name, found?.secret.name, found?.secret.kind], [name, name, kind]);
    }
  });

  it("never serves the key under any other name", async () => {
    await publish();
    const part = fc.constantFrom(
      ...served.keys(),
      "/",
      "\0",
      "ns",
      "sa",
      "demo",
      "spiffe://",
      ".",
      "%2e",
      "é",
      "*",
    );
    const near = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
    const cased = fc.constantFrom(...served.keys()).chain((name) => fc.mixedCase(fc.constant(name)));
    const any = fc.oneof(near, cased, fc.string({ unit: "binary" }), fc.webUrl());
    fc.assert(
      fc.property(any, (name) => {
        const found = catalog.current(name);
        assert.equal(found !== undefined, served.has(name));
        assert.equal(found?.secret.kind, served.get(name));
      }),
      { numRuns: 2_000 },
    );
  });

  it("claims every SPIFFE ID that the workload may have until its own is known, and then only that one", async () => {
    const backend = "spiffe://cluster.local/ns/demo/sa/backend";
    assert.ok(catalog.claims(own) && catalog.claims(backend));
    assert.equal(catalog.current(own), undefined);
    assert.ok(!catalog.claims("spiffe://other.local/ns/demo/sa/frontend"));
    assert.ok(!catalog.claims("spiffe://cluster.local/some/path"));
    const configured = { trustDomain, namespace: "demo", serviceAccount: "frontend" };
    const sure = new WorkloadProvider(store, configured);
    assert.ok(sure.claims(own) && !sure.claims(backend));
    await publish();
    assert.ok(catalog.claims(own) && !catalog.claims(backend));
  });

  it("claims every SPIFFE ID and trust domain while mounted files may bring any, and then only theirs", async () => {
    const web = "spiffe://prod.example/web";
    const mounted = new WorkloadProvider(store, anybody, { isNameOpen: true });
    for (const name of [own, web, "spiffe://prod.example", "spiffe://cluster.local"])
      assert.ok(mounted.claims(name), name);
    for (const name of ["spiffe://", "spiffe://prod.example/", "spiffe://PROD.example/web", "x"]) {
      assert.ok(!mounted.claims(name), name);
    }
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000, uri: web }));
    assert.equal(mounted.current(web)?.secret.kind, "tlsCertificate");
    assert.equal(mounted.current("spiffe://prod.example")?.secret.kind, "validationContext");
    for (const name of [own, "spiffe://cluster.local"]) assert.ok(!mounted.claims(name), name);
  });

  it("keeps serving the roots after the leaf expires, and never an expired leaf", async () => {
    await publish();
    clock.jump(61_000);
    for (const [name, kind] of served) {
      assert.equal(catalog.current(name) !== undefined, kind === "validationContext", name);
    }
  });

  it("returns the same version for the same contents under either name", async () => {
    await publish();
    assert.equal(catalog.current("default")?.version, catalog.current(own)?.version);
    assert.equal(catalog.current("ROOTCA")?.version, catalog.current("spiffe://cluster.local")?.version);
    assert.equal(catalog.current("default"), catalog.current("default"));
  });

  it("notifies watchers of a change until they stop watching", async () => {
    let changes = 0;
    const stop = catalog.watch("default", () => {
      changes += 1;
    });
    await publish();
    stop();
    await publish();
    assert.equal(changes, 1);
  });
});

describe("ResourceCatalog", () => {
  const clock = new FakeClock(start);
  const resource = (name: string) => ({
    name,
    version: "v",
    secret: { kind: "validationContext" as const, name, trustedCa: Buffer.from("roots") },
  });
  const provider = (claimed: string, answered = claimed) => ({
    claims: (name: string) => name === claimed,
    current: () => resource(answered),
    watch: () => () => {},
  });

  it("asks the provider that claims the name, and resolves an unclaimed name to nothing", () => {
    const catalog = new ResourceCatalog([provider("a"), provider("b")]);
    assert.deepEqual([catalog.current("b")?.name, catalog.current("c")], ["b", undefined]);
    catalog.watch("c", () => {})();
  });

  it("does not serve what a provider returns for another name", () => {
    const workload = new WorkloadProvider(new SecretStore(clock), anybody);
    assert.equal(new ResourceCatalog([workload, provider("a", "default")]).current("a"), undefined);
  });
});
