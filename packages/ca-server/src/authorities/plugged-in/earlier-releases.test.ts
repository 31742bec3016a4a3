import assert from "node:assert/strict";
import { parseTrustBundle } from "@kasbah/pki";
import { createOddCertificate, createTestAuthority } from "@kasbah/testkit";
import { forEarlierAgents, forPublication } from "./earlier-releases.ts";

describe("Roots for agents of earlier releases", () => {
  it("leave out each root that such an agent cannot read", async () => {
    const { rootPem } = await createTestAuthority();
    const odd = [
      createOddCertificate({ commonName: "zero", serial: Uint8Array.of(0) }),
      createOddCertificate({ commonName: "one", version: 1 }),
      createOddCertificate({ commonName: "p521", key: "P-521" }),
      createOddCertificate({ commonName: "ed25519", key: "ed25519" }),
    ];
    const all = parseTrustBundle(rootPem + odd.map(({ pem }) => pem).join(""));
    assert.equal(all.roots.length, 5);
    for (const filter of [forEarlierAgents, forPublication]) assert.equal(filter(all).toPem(), rootPem);
  });

  it("are the same bundle if such an agent can read all of it", async () => {
    const bundle = parseTrustBundle((await createTestAuthority()).rootPem);
    for (const filter of [forEarlierAgents, forPublication]) assert.equal(filter(bundle), bundle);
  });

  it("keep the first roots, among them the CA's own, within the limits of such an agent", () => {
    const many = Array.from(
      { length: 500 },
      (_, number) => createOddCertificate({ commonName: `root ${number} ${"x".repeat(200)}` }).pem,
    );
    const bundle = parseTrustBundle(many.join(""));
    for (const [filter, limit] of [
      [forEarlierAgents, 128 * 1024],
      [forPublication, 256 * 1024],
    ] as const) {
      const pem = filter(bundle).toPem();
      assert.ok(pem.length <= limit && pem.length > limit - 2_000, `${pem.length}`);
      assert.ok(bundle.toPem().startsWith(pem));
    }
  });
});
