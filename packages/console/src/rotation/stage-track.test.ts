import assert from "node:assert/strict";
import type { ConsoleAuthority, ConsoleRotation } from "../api.ts";
import { gateOf, groupAuthorities, stageNames, stageSteps } from "./stage-track.ts";

const authority = (fields: Partial<ConsoleAuthority> = {}): ConsoleAuthority => ({
  id: "root-1",
  kind: "root",
  origin: "self-signed",
  stage: "active",
  signs: true,
  trusted: true,
  fingerprint: "ab",
  keyType: "ecdsa-p256",
  notBefore: "2026-01-01T00:00:00Z",
  notAfter: "2036-01-01T00:00:00Z",
  stageSince: "2026-01-01T00:00:00Z",
  ...fields,
});

const rotation = (fields: Partial<ConsoleRotation> = {}): ConsoleRotation => ({
  source: { kind: "running", place: "", flags: "", readAt: "2026-01-01T00:00:00Z" },
  now: "2026-01-01T00:00:00Z",
  trustDomain: "cluster.local",
  epoch: 3,
  automatic: true,
  paused: false,
  authorities: [],
  warnings: [],
  ...fields,
});

const progress = {
  kind: "root",
  from: "root-1",
  to: "root-2",
  stage: "distributed",
  since: "2026-01-01T00:00:00Z",
  mayAdvance: false,
  reason: "certificates without root-2 are still valid",
  earliest: "2026-01-02T00:00:00Z",
  aborted: false,
} as const;

describe("the path of an authority", () => {
  it("has the five stages, with exactly one current one and at most one next", () => {
    for (const [index, stage] of stageNames.entries()) {
      const states = stageSteps(stage).map(({ state }) => state);
      assert.equal(states.length, 5);
      assert.equal(states.indexOf("current"), index);
      assert.equal(states.filter((state) => state === "next").length, index === 4 ? 0 : 1);
      assert.equal(states.filter((state) => state === "done").length, index);
    }
  });

  it("has the gate of the rotation in front of the new authority, with its reason and earliest time", () => {
    const gate = gateOf(authority({ id: "root-2", stage: "distributed" }), rotation({ rotation: progress }));
    assert.equal(gate?.next, "active");
    assert.equal(gate?.open, false);
    assert.equal(gate?.earliest, progress.earliest);
    assert.equal(gate?.reason, progress.reason);
  });

  it("names the authority that replaces it, its own retirement, and the automatic start", () => {
    assert.match(
      gateOf(authority(), rotation({ rotation: progress }))?.reason ?? "",
      /root-2 is replacing it/,
    );
    const retiring = authority({
      stage: "retiring",
      retiresAt: "2026-01-03T00:00:00Z",
      waitsFor: "x expires",
    });
    assert.deepEqual(
      [gateOf(retiring, rotation())?.next, gateOf(retiring, rotation())?.reason],
      ["retired", "x expires"],
    );
    const planned = authority({ rotatesAt: "2030-01-01T00:00:00Z" });
    assert.equal(gateOf(planned, rotation())?.earliest, "2030-01-01T00:00:00Z");
  });

  it("has no gate if nothing leads the authority to another stage, or it is retired", () => {
    assert.equal(gateOf(authority(), rotation()), undefined);
    assert.equal(
      gateOf(authority({ stage: "retired", rotatesAt: "2030-01-01T00:00:00Z" }), rotation()),
      undefined,
    );
  });

  it("lists roots before intermediates, those that sign first, and the retired ones apart", () => {
    const { current, retired } = groupAuthorities([
      authority({ id: "int-2", kind: "intermediate" }),
      authority({ id: "root-2", stage: "distributed", signs: false }),
      authority({ id: "root-0", stage: "retired", signs: false }),
      authority(),
    ]);
    assert.deepEqual(
      current.map(({ id }) => id),
      ["root-1", "root-2", "int-2"],
    );
    assert.deepEqual(
      retired.map(({ id }) => id),
      ["root-0"],
    );
  });
});
