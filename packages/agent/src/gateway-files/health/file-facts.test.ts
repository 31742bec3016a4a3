import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority } from "@kasbah/testkit";
import { factsOfChain, factsOfRoots } from "./file-facts.ts";

const dates = { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2026-04-01T00:00:00Z") };

describe("The facts of gateway files", () => {
  it("are the leaf's serial and names, and the time in which the whole chain is valid", async () => {
    const authority = await createTestAuthority();
    const { publicKey } = await createKeyPair("P-256");
    const names = ["a", "b", "c"].map((host) => ({ kind: "dns", value: `${host}.example.com` }) as const);
    const leaf = await authority.issue({ publicKey, names, ...dates });
    assert.deepEqual(factsOfChain(leaf.toPem()), {
      kind: "pair",
      serial: leaf.serial,
      sans: 3,
      certificates: 1,
      lacksIssuer: false,
      ...dates,
    });
    const issuer = await authority.issue({ publicKey, names, notAfter: new Date("2026-02-01T00:00:00Z") });
    const chain = factsOfChain(leaf.toPem() + issuer.toPem());
    assert.equal(chain.notAfter.toISOString(), "2026-02-01T00:00:00.000Z");
    assert.equal(chain.serial, leaf.serial);
  });

  it("ignore a root at the end of a chain, as clients do", async () => {
    const authority = await createTestAuthority();
    const { publicKey } = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "shop.example.com" }] as const;
    const leaf = await authority.issue({ publicKey, names, notAfter: new Date("2046-01-01T00:00:00Z") });
    const facts = factsOfChain(leaf.toPem() + authority.rootPem);
    assert.equal(facts.notAfter.toISOString(), "2046-01-01T00:00:00.000Z");
    assert.deepEqual([facts.sans, facts.certificates], [1, 2]);
  });

  it("show that the issuer of the first certificate is missing, in any order of the others", async () => {
    const authority = await createTestAuthority();
    const [good, wrong] = await Promise.all(
      ["Good", "Wrong"].map((name) => authority.issueIntermediate(name)),
    );
    assert.ok(good && wrong);
    const { publicKey } = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "shop.example.com" }] as const;
    const leaf = (await good.issue({ publicKey, names })).toPem();
    const lacksIssuer = (...chain: string[]) => factsOfChain([leaf, ...chain].join("")).lacksIssuer;
    assert.equal(lacksIssuer(), false);
    assert.equal(lacksIssuer(good.rootPem), false);
    assert.equal(lacksIssuer(wrong.rootPem, good.rootPem), false);
    assert.equal(lacksIssuer(wrong.rootPem), true);
    assert.equal(lacksIssuer(leaf), true);
    assert.equal(factsOfChain(authority.rootPem + wrong.rootPem).lacksIssuer, false);
  });

  it("of roots are those of the root that expires last", () => {
    const old = { notBefore: new Date("2000-01-01"), notAfter: new Date("2020-01-01") };
    assert.deepEqual(factsOfRoots([old, dates, old]), { kind: "roots", certificates: 3, ...dates });
  });
});
