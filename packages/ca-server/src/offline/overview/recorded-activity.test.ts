import assert from "node:assert/strict";
import { issued, noon, refused } from "@kasbah/testkit/ledger";
import { RecordedActivity } from "./recorded-activity.ts";

const iso = (minutes: number) => new Date(noon + minutes * 60_000).toISOString();
const now = new Date(noon + 86_400_000);

describe("RecordedActivity", () => {
  it("shows the hour before now, with nothing in it, if the ledger has no decision", () => {
    const { endsAt, issued: counts, refused: codes } = new RecordedActivity().read(now);
    assert.deepEqual([endsAt, codes], [new Date(now.getTime() + 60_000), []]);
    assert.deepEqual(counts, Array(60).fill(0));
  });

  it("shows the hour before the last decision, in any order of the entries, and nothing older", () => {
    const activity = new RecordedActivity();
    for (const minutes of [59, 0, 60, -1, 60]) activity.add(issued({ time: iso(minutes) }));
    activity.add(refused({ time: iso(0) }));
    activity.add(refused({ time: iso(30), code: "TOKEN_EXPIRED" }));
    const { endsAt, issued: counts, refused: codes } = activity.read(now);
    assert.equal(endsAt.toISOString(), iso(61));
    assert.deepEqual([counts.at(-1), counts.at(-2), counts.reduce((sum, one) => sum + one)], [2, 1, 3]);
    assert.deepEqual(
      codes.map(({ code, counts: each }) => [code, each.indexOf(1)]),
      [["TOKEN_EXPIRED", 29]],
    );
  });

  it("adds the counts of refusals that were not kept", () => {
    const activity = new RecordedActivity();
    const codes = { OVERLOADED: 100, TOKEN_MISSING: 3 };
    activity.add({ kind: "dropped", since: iso(0), time: iso(0), count: 103, codes, from: [] });
    activity.add(refused({ time: iso(0), code: "TOKEN_MISSING" }));
    assert.deepEqual(
      activity.read(now).refused.map(({ code, counts }) => [code, counts.at(-1)]),
      [
        ["OVERLOADED", 100],
        ["TOKEN_MISSING", 4],
      ],
    );
  });
});
