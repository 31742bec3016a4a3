import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { AuthorityMessage, AuthorityStatusMessage } from "@kasbah/protocol";
import { checkAuthorities, renderCheck } from "./check.ts";

const now = new Date("2030-01-01T00:00:00Z");
const dayMs = 86_400_000;
const limits = { warnMs: 30 * dayMs, criticalMs: 7 * dayMs };

function authority(id: string, daysLeft: number, changes: Partial<AuthorityMessage> = {}): AuthorityMessage {
  return {
    id,
    kind: id.startsWith("root") ? "root" : "intermediate",
    origin: "self-signed",
    stage: "active",
    signs: true,
    trusted: true,
    fingerprint: "00",
    serial: "00",
    keyType: "P-256",
    notBefore: now,
    notAfter: new Date(now.getTime() + daysLeft * dayMs),
    stageSince: now,
    ...changes,
  };
}

const status = (...authorities: AuthorityMessage[]): AuthorityStatusMessage => ({
  trustDomain: "cluster.local",
  epoch: 1,
  automatic: true,
  paused: false,
  authorities,
  warnings: [],
});
const levelOf = (...authorities: AuthorityMessage[]) =>
  checkAuthorities(status(...authorities), limits, now).level;

describe("checkAuthorities", () => {
  it("reports the worst level of all signing authorities", () => {
    assert.equal(levelOf(authority("root-1", 3000), authority("intermediate-1", 6)), "CRITICAL");
    assert.equal(levelOf(authority("root-1", 29), authority("intermediate-1", 300)), "WARNING");
    assert.equal(levelOf(authority("root-1", 29), authority("intermediate-1", -1)), "CRITICAL");
    assert.equal(levelOf(authority("root-1", 31), authority("intermediate-1", 31)), "OK");
  });

  it("reports a level as soon as its limit is reached", () => {
    assert.equal(levelOf(authority("root-1", 30)), "WARNING");
    assert.equal(levelOf(authority("root-1", 7)), "CRITICAL");
  });

  it("ignores the expiry of retired, retiring and standby authorities", () => {
    const gone = [
      authority("root-1", -5, { stage: "retired", signs: false }),
      authority("root-2", 1, { stage: "retiring", signs: false }),
      authority("root-3", 1, { stage: "active", signs: false }),
    ];
    assert.equal(levelOf(...gone, authority("root-4", 300)), "OK");
  });

  it("fails for a CA in which no authority signs", () => {
    for (const none of [
      [],
      [authority("root-1", 3000, { stage: "retired", signs: false, trusted: false })],
    ]) {
      assert.throws(() => levelOf(...none), { code: "ADMIN_FAILED" });
    }
  });

  it("includes authorities that are about to sign", () => {
    const next = authority("root-2", 3, { stage: "distributed", signs: false });
    assert.equal(levelOf(authority("root-1", 300), next), "CRITICAL");
  });

  it("names the runbook of each authority that expires soon, and that runbook exists", () => {
    const report = checkAuthorities(
      status(authority("root-1", 3), authority("intermediate-1", 3), authority("intermediate-2", 300)),
      limits,
      now,
    );
    const pages = report.authorities.map(({ runbook }) => runbook);
    const names = ["root-expiring-soon", "issuer-expiring-soon"];
    assert.deepEqual(pages, [...names.map((name) => `docs/runbooks/${name}.md`), undefined]);
    for (const page of pages) {
      if (page !== undefined) assert.ok(existsSync(new URL(`../../../../${page}`, import.meta.url)), page);
    }
  });

  it("prints every trusted authority with its expiry, then the warnings, then the level", () => {
    const retired = authority("root-0", -5, { stage: "retired", signs: false, trusted: false });
    const retiring = authority("root-1", -1, { stage: "retiring", signs: false });
    const next = authority("root-3", 300, { stage: "prepared", signs: false, trusted: false });
    const seen = status(retired, retiring, authority("root-2", 29), authority("intermediate-2", 300), next);
    const report = checkAuthorities({ ...seen, warnings: ["look\u001b[31m"] }, limits, now);
    assert.deepEqual(renderCheck(report, now).split("\n"), [
      "OK        root-1          expired 2029-12-31T00:00:00Z (1d ago), retiring: another authority signs",
      "WARNING   root-2          expires 2030-01-30T00:00:00Z (in 29d)",
      "OK        intermediate-2  expires 2030-10-28T00:00:00Z (in 300d)",
      "OK        root-3          expires 2030-10-28T00:00:00Z (in 300d)",
      "! look\\u001b[31m",
      "see docs/runbooks/root-expiring-soon.md",
      "see docs/runbooks/warnings.md",
      "WARNING",
      "",
    ]);
  });
});
