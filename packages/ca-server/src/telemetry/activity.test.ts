import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { Activity, countActivity } from "./activity.ts";
import type { CaMetrics } from "./metrics.ts";

const minuteMs = 60_000;

describe("Activity", () => {
  let clock: FakeClock;
  let activity: Activity;

  beforeEach(() => {
    clock = new FakeClock("2030-01-01T00:00:20Z");
    activity = new Activity(clock);
  });

  const read = () => activity.read(clock.now());
  const lastOf = (counts: readonly number[] | undefined) => counts?.slice(-3);
  const refused = (code: string) => read().refused.find((one) => one.code === code)?.counts;

  it("keeps at most a hundred codes, and counts all others as OTHER", () => {
    for (let each = 0; each < 10_000; each += 1) activity.refused(`CODE_${each}`);
    const codes = read().refused;
    assert.equal(codes.length, 101);
    assert.equal(refused("OTHER")?.at(-1), 10_000 - 100);
    activity.refused("CODE_7");
    assert.equal(refused("CODE_7")?.at(-1), 2);
    for (const code of ["__proto__", "constructor", ""]) activity.refused(code);
    assert.equal(refused("OTHER")?.at(-1), 10_000 - 100 + 3);
  });

  it("keeps its history when the wall clock jumps by years in both directions", async () => {
    activity.issued();
    for (const jumpMs of [10 * 365 * 86_400_000, -20 * 365 * 86_400_000]) {
      clock.jump(jumpMs);
      await clock.advance(minuteMs);
      activity.issued();
    }
    assert.deepEqual(lastOf(read().issued), [1, 1, 1]);
  });

  it("forgets what is older than an hour, after any pause", async () => {
    activity.issued();
    activity.refused("TOKEN_EXPIRED");
    await clock.advance(59 * minuteMs);
    assert.equal(read().issued[0], 1);
    await clock.advance(minuteMs);
    assert.deepEqual(read().issued, Array(60).fill(0));
    assert.deepEqual(read().refused, []);
    activity.issued();
    await clock.advance(1_000 * minuteMs);
    activity.issued();
    assert.deepEqual([read().issued.at(-1), read().issued.reduce((sum, one) => sum + one)], [1, 1]);
  });

  it("begins its buckets with the minutes of the clock, and reports when the last one ends", async () => {
    activity.issued();
    assert.deepEqual(read().endsAt, new Date("2030-01-01T00:01:00Z"));
    await clock.advance(39_999);
    activity.issued();
    assert.deepEqual(lastOf(read().issued), [0, 0, 2]);
    await clock.advance(1);
    activity.issued();
    assert.deepEqual([lastOf(read().issued), read().endsAt], [[0, 2, 1], new Date("2030-01-01T00:02:00Z")]);
    assert.deepEqual([read().bucketMs, read().issued.length], [minuteMs, 60]);
  });

  it("gives each code and each reason counts of its own, most frequent first", async () => {
    activity.refused("TOKEN_MISSING");
    await clock.advance(minuteMs);
    for (const code of ["TOKEN_EXPIRED", "TOKEN_EXPIRED", "TOKEN_MISSING"]) activity.refused(code);
    activity.refused("TOKEN_EXPIRED");
    activity.handshakeFailed("unknown_root");
    const { refused: codes, handshakes } = read();
    assert.deepEqual(
      codes.map(({ code, counts }) => [code, ...(lastOf(counts) ?? [])]),
      [
        ["TOKEN_EXPIRED", 0, 0, 3],
        ["TOKEN_MISSING", 0, 1, 1],
      ],
    );
    assert.deepEqual(
      handshakes.map(({ code, counts }) => [code, ...(lastOf(counts) ?? [])]),
      [["unknown_root", 0, 0, 1]],
    );
  });

  it("counts certificates and refusals where the metrics count them, refused headers included", () => {
    const counted: string[] = [];
    const metrics = {
      certificateIssued: (ms: number) => counted.push(`issued ${ms}`),
      callRefused: (code: string, citadel: string) => counted.push(`${code} ${citadel}`),
      overloaded: () => counted.push("overloaded"),
    };
    const both = countActivity(metrics as unknown as CaMetrics, activity);
    both.certificateIssued(5);
    both.callRefused("TOKEN_EXPIRED", "authentication");
    both.overloaded();
    assert.deepEqual(counted, ["issued 5", "TOKEN_EXPIRED authentication", "overloaded"]);
    assert.equal(read().issued.at(-1), 1);
    assert.deepEqual([refused("TOKEN_EXPIRED")?.at(-1), refused("OVERLOADED")?.at(-1)], [1, 1]);
  });
});
