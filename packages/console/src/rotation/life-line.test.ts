import assert from "node:assert/strict";
import type { ConsoleAuthority } from "../api.ts";
import { lifeLineOf } from "./life-line.ts";

const authority: ConsoleAuthority = {
  id: "root-1",
  kind: "root",
  origin: "self-signed",
  stage: "active",
  signs: true,
  trusted: true,
  fingerprint: "ab",
  keyType: "ecdsa-p256",
  notBefore: "2026-01-01T00:00:00Z",
  notAfter: "2026-01-11T00:00:00Z",
  stageSince: "2026-01-01T00:00:00Z",
};

const day = (count: number) => Date.UTC(2026, 0, 1 + count);

describe("the life line of an authority", () => {
  it("shows how much of the validity has passed, and never more than all of it", () => {
    assert.equal(lifeLineOf(authority, day(5)).passed, 0.5);
    assert.equal(lifeLineOf(authority, day(-1)).passed, 0);
    assert.equal(lifeLineOf(authority, day(40)).passed, 1);
  });

  it("has its marks in the order of time, and leaves out those beyond the validity", () => {
    const times = {
      rotatesAt: "2026-01-08T00:00:00Z",
      leavesUntil: "2026-01-06T00:00:00Z",
      retiresAt: "2027-01-01T00:00:00Z",
    };
    assert.deepEqual(lifeLineOf({ ...authority, ...times }, day(1)).marks, [
      { label: "last certificate expires", at: day(5), share: 0.5 },
      { label: "rotates", at: day(7), share: 0.7 },
    ]);
  });

  it("has one mark for two events at the same time", () => {
    const times = { leavesUntil: "2026-01-06T00:00:00Z", retiresAt: "2026-01-06T00:00:00Z" };
    assert.deepEqual(
      lifeLineOf({ ...authority, ...times }, day(1)).marks.map(({ label }) => label),
      ["last certificate expires, retires"],
    );
  });

  it("draws nothing impossible for a validity without length", () => {
    const { passed, marks } = lifeLineOf({ ...authority, notAfter: authority.notBefore }, day(0));
    assert.equal(passed, 0);
    assert.deepEqual(marks, []);
  });
});
