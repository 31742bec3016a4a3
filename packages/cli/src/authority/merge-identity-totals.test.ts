import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import type { IdentityTotalsMessage } from "@kasbah/protocol";
import { mergeIdentityTotals } from "./merge-identity-totals.ts";

const at = (minutes: number) => new Date(Date.UTC(2030, 0, 1, 0, minutes));
const late = (name: string, minutes = 60) => ({
  ...{ spiffeId: `spiffe://a/ns/b/sa/${name}`, serial: name, notBefore: at(0), notAfter: at(minutes) },
});

function totals(
  fresh: readonly string[],
  soonest: IdentityTotalsMessage["soonest"],
  changes: Partial<IdentityTotalsMessage> = {},
): IdentityTotalsMessage {
  const hashes = Buffer.alloc(fresh.length * 4);
  for (const [place, name] of fresh.entries())
    hashes.writeUInt32BE(crc32(`spiffe://a/ns/b/sa/${name}`), place * 4);
  const counts = { live: fresh.length + soonest.length, late: soonest.length, partial: false };
  return { ...counts, soonest, fresh: hashes.toString("base64"), ...changes };
}

describe("mergeIdentityTotals", () => {
  it("reads hashes that are no base64, or cut off, without failing", () => {
    for (const fresh of ["!!!", "AAE=", "AAECAw"])
      assert.equal(mergeIdentityTotals([totals([], [late("a")], { fresh })]).late, 1, fresh);
  });

  it("does not report an identity as late that has renewed at another replica, whichever answers first", () => {
    const replicas = [totals(["b"], [late("a")]), totals(["a", "c"], []), totals([], [late("b"), late("d")])];
    for (const order of [replicas, replicas.toReversed()]) {
      const merged = mergeIdentityTotals(order);
      assert.deepEqual([merged.live, merged.late, merged.partial], [4, 1, false]);
      assert.deepEqual(merged.soonest, [late("d")]);
    }
  });

  it("counts an identity once that is late at several replicas, with its newest certificate", () => {
    const merged = mergeIdentityTotals([
      totals([], [late("a", 60)]),
      totals([], [late("a", 90), late("b", 70)]),
    ]);
    assert.deepEqual(merged.soonest, [late("b", 70), late("a", 90)]);
    assert.equal(merged.live, 2);
  });

  it("lists at most twenty, and is partial if a replica is or lists fewer than it counts", () => {
    const many = Array.from({ length: 50 }, (_, each) => late(`n${each}`, 100 - each));
    const merged = mergeIdentityTotals([totals([], many)]);
    assert.deepEqual(
      [merged.late, merged.soonest.length, merged.soonest[0]?.spiffeId],
      [50, 20, "spiffe://a/ns/b/sa/n49"],
    );
    assert.equal(mergeIdentityTotals([totals([], many, { partial: true })]).partial, true);
    const cut = mergeIdentityTotals([totals([], many, { late: 70, live: 70 })]);
    assert.deepEqual([cut.late, cut.live, cut.partial], [70, 70, true]);
  });
});
