import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";

interface Lease {
  readonly spec?: { readonly holderIdentity?: string };
}

interface ConfigMap {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

describe("Two CAs in one namespace", function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let cas: RunningCa[] = [];

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    const start = (name: string) =>
      startClusterCa(controlPlane, account, `${name}-0`, [
        ...["--installation", name, "--state-secret", name, "--root-config-map", `${name}-root`],
      ]);
    cas = await Promise.all([start("kasbah"), start("edge-ca")]);
  });
  after(async () => {
    await Promise.all(cas.map((ca) => ca.stop()));
    await account?.remove();
  });

  const read = async <T>(path: string) => (await controlPlane.adminRequest<T>("GET", path)).body;

  it("each lead by a Lease of their own, and publish different roots under their own names", async () => {
    const { namespace } = account;
    for (const [index, name] of ["kasbah", "edge-ca"].entries()) {
      const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}-leader`;
      const holder = await untilSeen(`leader of ${name}`, 30_000, async () => {
        return (await read<Lease>(lease)).spec?.holderIdentity || undefined;
      });
      assert.match(holder, new RegExp(`^${name}-0_`));
      const published = await untilSeen(`root of ${name}`, 30_000, async () => {
        const found = await read<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}-root`);
        return found.data === undefined ? undefined : found;
      });
      assert.equal(published.metadata?.annotations?.["kasbah.dev/installation"], `${namespace}/${name}`);
      assert.equal(published.data?.["root-cert.pem"]?.trim(), cas[index]?.rootPem.trim());
    }
    assert.notEqual(cas[0]?.rootPem, cas[1]?.rootPem);
  });
});
