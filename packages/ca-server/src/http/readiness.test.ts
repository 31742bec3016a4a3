import assert from "node:assert/strict";
import { Registry } from "@kasbah/runtime";
import { createTestAuthority, FakeClock, type TestAuthority } from "@kasbah/testkit";
import { createIssuerSet } from "../authorities/issuer-set.ts";
import type { IssuerSource } from "../issuance/ports.ts";
import { registerRootExpiry } from "./metrics.ts";
import { readinessOf } from "./readiness.ts";

describe("Readiness", () => {
  let root: TestAuthority;
  let issuers: IssuerSource;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    issuers = createIssuerSet([{ ...root, stage: "active" }]);
  });

  const at = (now: Date, usable: boolean, writable: boolean) =>
    readinessOf({ issuers, keys: { usable }, ledger: { writable }, clock: new FakeClock(now) });
  const now = new Date("2030-01-01T00:00:00Z");

  it("names everything that keeps a good request from its certificate", () => {
    const { ready, reasons } = at(root.certificate.notAfter, false, false);
    assert.equal(ready, false);
    assert.deepEqual(
      reasons.map((reason) => reason.split(":")[0]),
      ["issuer", "jwks", "ledger"],
    );
  });

  it("is lost by each of them alone, and had without any", () => {
    assert.equal(at(now, false, true).ready, false);
    assert.equal(at(now, true, false).ready, false);
    assert.deepEqual(at(now, true, true), { ready: true, reasons: [] });
  });

  it("goes with gauges of the root's end under Istio's names, negative when it has passed", async () => {
    const clock = new FakeClock(now);
    const registry = new Registry();
    registerRootExpiry(registry, issuers, () => clock.now());
    const value = async (name: string) => {
      const lines = (await registry.metrics()).split("\n");
      return Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    };
    const end = root.certificate.notAfter.getTime() / 1000;
    assert.equal(await value("citadel_server_root_cert_expiry_timestamp"), end);
    assert.equal(await value("citadel_server_root_cert_expiry_seconds"), end - now.getTime() / 1000);
    clock.jump((end + 60) * 1000 - now.getTime());
    assert.equal(await value("citadel_server_root_cert_expiry_seconds"), -60);
  });
});
