import assert from "node:assert/strict";
import { createTestAuthority, FakeClock, type TestAuthority } from "@kasbah/testkit";
import { fixedIssuers } from "../issuance/fixed-issuers.fixture.ts";
import type { IssuerSource } from "../issuance/ports.ts";
import { assessReadiness, createReadiness } from "./readiness.ts";

describe("Readiness", () => {
  let root: TestAuthority;
  let issuers: IssuerSource;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    issuers = fixedIssuers(root);
  });

  const at = (now: Date, usable: boolean, writable: boolean) =>
    assessReadiness({
      issuers,
      callers: { troubles: () => (usable ? [] : ["jwks: no key set has been loaded"]) },
      ledger: { writable },
      clock: new FakeClock(now),
      warnings: () => ["look here"],
    });
  const now = new Date("2030-01-01T00:00:00Z");

  it("names every condition that keeps a valid request from its certificate", () => {
    const { ready, reasons } = at(root.certificate.notAfter, false, false);
    assert.equal(ready, false);
    assert.deepEqual(
      reasons.map((reason) => reason.split(":")[0]),
      ["issuer", "jwks", "ledger"],
    );
  });

  it("is not ready if any one condition fails, and is ready without one", () => {
    assert.equal(at(now, false, true).ready, false);
    assert.equal(at(now, true, false).ready, false);
    assert.deepEqual(at(now, true, true), { ready: true, reasons: [], warnings: ["look here"] });
  });
});

describe("createReadiness", () => {
  it("collects the failures and the warnings of every part of the CA, and is not ready if any part fails", async () => {
    let trouble: string[] = [];
    const readiness = createReadiness({
      issuers: fixedIssuers(await createTestAuthority("cluster.local")),
      ledger: { writable: true },
      sources: [
        { warnings: () => ["rotation paused"] },
        { troubles: () => trouble, warnings: () => ["key set too old"] },
      ],
      clock: new FakeClock("2030-01-01T00:00:00Z"),
    });
    const warnings = ["rotation paused", "key set too old"];
    assert.deepEqual(readiness(), { ready: true, reasons: [], warnings });
    trouble = ["no token can be verified"];
    assert.deepEqual(readiness(), { ready: false, reasons: trouble, warnings });
  });
});
