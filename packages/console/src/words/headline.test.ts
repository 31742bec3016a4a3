import assert from "node:assert/strict";
import type { ConsoleFinding, ConsoleStatus } from "../api.ts";
import { activityWords, headlineOf, sentence } from "./headline.ts";

const finding = (level: ConsoleFinding["level"], what: string): ConsoleFinding => ({
  level,
  what,
  area: "ca",
  code: "X",
  fix: "none",
});

const replica = { name: "kasbah-0", role: "single", ready: true, reasons: [], warnings: [] } as const;

const status = (fields: Partial<ConsoleStatus> = {}): ConsoleStatus => ({
  source: { kind: "running", place: "", flags: "", readAt: "2026-11-21T07:06:05Z" },
  level: "ok",
  findings: [],
  now: "2026-11-21T07:06:05Z",
  replicas: [replica],
  ...fields,
});

describe("the headline", () => {
  it("says that the CA is ready, and how much needs attention", () => {
    const findings = [
      finding("ok", "fine"),
      finding("warning", "the disk fills"),
      finding("critical", "the root expires soon"),
    ];
    assert.equal(headlineOf(status()), "All is well: the CA is ready.");
    assert.equal(
      headlineOf(status({ findings })),
      "The CA is ready. 1 critical finding and 1 warning need attention.",
    );
    assert.equal(
      headlineOf(status({ findings: findings.slice(0, 2) })),
      "The CA is ready. 1 warning needs attention.",
    );
  });

  it("names a CA that is not ready, replicas of which some are, and a stopped CA", () => {
    const silent = { ...replica, ready: false };
    const down = "The CA is not ready to issue certificates.";
    for (const replicas of [[silent], [silent, silent], []])
      assert.equal(headlineOf(status({ replicas })), down);
    const findings = [finding("critical", "the disk is full")];
    assert.equal(
      headlineOf(status({ replicas: [silent], findings })),
      `${down} 1 critical finding needs attention.`,
    );
    assert.equal(headlineOf(status({ replicas: [replica, silent] })), "1 of 2 replicas are ready.");
    const source = { ...status().source, kind: "stopped" as const };
    assert.equal(headlineOf(status({ source })), "The CA is stopped. Its state is complete.");
  });

  it("leaves a name at the beginning of a finding as it is", () => {
    assert.equal(sentence("kasbah-0 does not answer"), "kasbah-0 does not answer.");
    assert.equal(sentence("the clock is wrong."), "The clock is wrong.");
    assert.equal(sentence("look at `kubectl get pods`"), "Look at `kubectl get pods`");
    assert.equal(sentence("10.0.0.1 probes the CA"), "10.0.0.1 probes the CA.");
  });
});

describe("the activity in words", () => {
  const activity = {
    bucketMs: 60_000,
    endsAt: "2026-11-21T07:06:00Z",
    issued: [100, ...Array<number>(10).fill(1)],
    refused: [{ code: "TOKEN_EXPIRED", counts: [5, ...Array<number>(9).fill(0), 1] }],
  };

  it("counts only the last ten minutes", () => {
    assert.equal(
      activityWords(status({ activity })),
      "10 certificates issued and 1 refusal in the last 10 min.",
    );
  });

  it("is missing if the CA does not report its activity", () => {
    assert.equal(activityWords(status()), undefined);
  });
});
