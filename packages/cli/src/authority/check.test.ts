import assert from "node:assert/strict";
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

describe("The check of the authorities", () => {
  it("is as bad as the worst that signs", () => {
    assert.equal(levelOf(authority("root-1", 3000), authority("intermediate-1", 6)), "CRITICAL");
    assert.equal(levelOf(authority("root-1", 29), authority("intermediate-1", 300)), "WARNING");
    assert.equal(levelOf(authority("root-1", 29), authority("intermediate-1", -1)), "CRITICAL");
    assert.equal(levelOf(authority("root-1", 31), authority("intermediate-1", 31)), "OK");
  });

  it("reaches a limit in the moment that is named", () => {
    assert.equal(levelOf(authority("root-1", 30)), "WARNING");
    assert.equal(levelOf(authority("root-1", 7)), "CRITICAL");
  });

  it("is not troubled by what is meant to end: retired, retiring, or standing by", () => {
    const gone = [
      authority("root-1", -5, { stage: "retired", signs: false }),
      authority("root-2", 1, { stage: "retiring", signs: false }),
      authority("root-3", 1, { stage: "active", signs: false }),
    ];
    assert.equal(levelOf(...gone, authority("root-4", 300)), "OK");
  });

  it("looks at what is about to sign as well", () => {
    const next = authority("root-2", 3, { stage: "distributed", signs: false });
    assert.equal(levelOf(authority("root-1", 300), next), "CRITICAL");
  });

  it("shows each with its end, and the verdict last", () => {
    const report = checkAuthorities(
      status(authority("root-1", 29), authority("intermediate-1", 300)),
      limits,
      now,
    );
    assert.equal(
      renderCheck(report, now),
      "WARNING   root-1 ends 2030-01-30T00:00:00Z (in 29d)\nOK        intermediate-1 ends 2030-10-28T00:00:00Z (in 300d)\nWARNING\n",
    );
  });
});
