import assert from "node:assert/strict";
import { compareClocks } from "./compare-clocks.ts";
import { confirmed, judge } from "./judge.ts";
import { judgeStart } from "./judge-start.ts";
import type { TimeRecord } from "./record.ts";
import type { ClockReading, ClockState } from "./state.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startMs = Date.UTC(2030, 0, 1);
const bounds = { maxJumpMs: dayMs, maxGapMs: 90 * dayMs };
const buildMs = Date.UTC(2029, 11, 1);

/** A machine that has run for an hour, and for `passedMs` more; its clock is wrong by `wrongMs`. */
function reading(passedMs: number, wrongMs = 0): ClockReading {
  return { wallMs: startMs + passedMs + wrongMs, bootMs: hourMs + passedMs };
}

const running = (...steps: readonly (readonly [passedMs: number, wrongMs: number])[]) =>
  steps.reduce<ClockState>(
    (state, [passedMs, wrongMs]) => judge(state, reading(passedMs, wrongMs), bounds),
    confirmed(reading(0)),
  );
const trustedMs = (state: ClockState, { bootMs }: ClockReading) => {
  assert.notEqual(state.kind, "unknown");
  return (state.kind === "unknown" ? Number.NaN : state.offsetMs) + bootMs;
};

const ahead = { "+8 years": 2920 * dayMs, "+400 days": 400 * dayMs, "+243 days": 243 * dayMs };
const behind = { "-2 days": -2 * dayMs, "-15 min": -15 * minuteMs, "1970": -startMs };

describe("judge", () => {
  for (const [name, wrongMs] of Object.entries({ ...ahead, ...behind })) {
    it(`suspects a running clock that is set to ${name}, carries the time on, and trusts it when it is right again`, () => {
      const wrong = running([1000, 0], [2000, wrongMs], [20_000, wrongMs]);
      assert.equal(wrong.kind, "suspect");
      assert.equal(trustedMs(wrong, reading(20_000)), startMs + 20_000);
      const right = judge(wrong, reading(21_000), bounds);
      assert.equal(right.kind, "trusted");
      assert.equal(trustedMs(right, reading(21_000)), startMs + 21_000);
    });
  }

  it("follows a clock that is set 10 h ahead, and trusts it without a command when it is set back", () => {
    const wrong = running([1000, 10 * hourMs], [30 * hourMs, 10 * hourMs]);
    assert.equal(wrong.kind, "trusted");
    const right = judge(wrong, reading(31 * hourMs), bounds);
    assert.equal(right.kind, "trusted");
    assert.equal(trustedMs(right, reading(31 * hourMs)), startMs + 31 * hourMs);
    const behindAgain = judge(right, reading(32 * hourMs, -hourMs), bounds);
    assert.equal(behindAgain.kind, "suspect");
  });

  it("suspects a clock that several steps together take beyond the bound", () => {
    assert.equal(running([1000, 20 * hourMs], [2000, 23 * hourMs]).kind, "trusted");
    assert.equal(running([1000, 20 * hourMs], [2000, 25 * hourMs]).kind, "suspect");
    assert.equal(running([1000, 20 * hourMs], [2 * dayMs, 40 * hourMs]).kind, "trusted");
  });

  it("accepts exactly the bound and five minutes, and no more", () => {
    assert.equal(running([1000, dayMs]).kind, "trusted");
    assert.equal(running([1000, dayMs + 1]).kind, "suspect");
    assert.equal(running([1000, -5 * minuteMs]).kind, "trusted");
    assert.equal(running([1000, -5 * minuteMs - 1]).kind, "suspect");
  });

  it("does not suspect a suspension, a leap second, a slew or small corrections over months", () => {
    assert.equal(running([60 * hourMs, 0], [60 * hourMs + 1000, -1000]).kind, "trusted");
    const months = Array.from({ length: 24 * 90 }, (_, hour) => [hour * hourMs, -hour * minuteMs] as const);
    assert.equal(running(...months).kind, "trusted");
  });
});

describe("judgeStart", () => {
  const record: TimeRecord = {
    trustedMs: startMs,
    bootMs: hourMs,
    bootId: "one",
    time: { offsetMs: startMs - hourMs, anchoredAtBootMs: hourMs, former: [] },
  };
  const start = (passedMs: number, wrongMs: number, known?: TimeRecord, bootId = "two") =>
    judgeStart({ reading: reading(passedMs, wrongMs), bootId, record: known, buildMs }, bounds);

  for (const [name, wrongMs] of Object.entries({ ...ahead, ...behind })) {
    it(`carries the time on if the CA starts with a clock at ${name} on the same boot of the machine`, () => {
      const state = start(minuteMs, wrongMs, record, "one");
      assert.equal(state.kind, "suspect");
      assert.equal(trustedMs(state, reading(minuteMs)), startMs + minuteMs);
    });
  }

  for (const [name, wrongMs] of Object.entries({ ...ahead, "-2 days": -2 * dayMs, "1970": -startMs })) {
    it(`does not know the time after a reboot with a clock at ${name}, until the clock agrees`, () => {
      const wrong = start(minuteMs, wrongMs, record);
      assert.equal(wrong.kind, "unknown");
      assert.equal(judge(wrong, reading(2 * minuteMs, wrongMs), bounds).kind, "unknown");
      assert.equal(judge(wrong, reading(2 * minuteMs), bounds).kind, "trusted");
    });
  }

  it("takes a smaller boot time for a reboot, even under the same name", () => {
    const later = { ...record, bootMs: 2 * dayMs };
    assert.equal(start(dayMs, 30 * dayMs, later, "one").kind, "trusted");
    assert.equal(start(2 * dayMs, 30 * dayMs, later, "one").kind, "suspect");
  });

  it("trusts a backup that is a month old, and a state directory without a record", () => {
    assert.equal(start(30 * dayMs, 0, record).kind, "trusted");
    assert.equal(start(0, 0, undefined).kind, "trusted");
  });

  it("trusts the first start of a release that is two years old, and no clock before the release", () => {
    assert.equal(start(0, 2 * 365 * dayMs, undefined).kind, "trusted");
    const before = start(0, -startMs, undefined);
    assert.equal(before.kind, "unknown");
    assert.equal(judge(before, reading(minuteMs), bounds).kind, "trusted");
  });

  it("lets a clock that was ahead at boot be set back as far as the record, but no further", () => {
    const wrong = start(minuteMs, 10 * hourMs, record);
    assert.equal(wrong.kind, "trusted");
    assert.equal(judge(wrong, reading(2 * minuteMs), bounds).kind, "trusted");
    assert.equal(judge(wrong, reading(2 * minuteMs, -hourMs), bounds).kind, "suspect");
    const first = start(0, 10 * hourMs, undefined);
    assert.equal(judge(first, reading(minuteMs), bounds).kind, "suspect", "an operator has to decide");
  });
});

describe("judge after a reboot", () => {
  const before: TimeRecord = {
    trustedMs: startMs,
    bootMs: 50 * dayMs,
    bootId: "one",
    time: { offsetMs: startMs - 50 * dayMs, anchoredAtBootMs: 0, former: [] },
  };
  /** A machine that booted `bootMs` ago, whose clock shows the last recorded time and `aheadMs` more. */
  const booted = (bootMs: number, aheadMs: number): ClockReading => ({ bootMs, wallMs: startMs + aheadMs });
  const boot = (now: ClockReading, record = before) =>
    judgeStart({ reading: now, bootId: "two", record, buildMs }, bounds);

  it("follows NTP if the machine was off for days and booted with the time of its last shutdown", () => {
    const started = boot(booted(minuteMs, 0));
    const set = judge(started, booted(2 * minuteMs, 3 * dayMs), bounds);
    assert.equal(set.kind, "trusted");
    assert.equal(set.kind === "trusted" && set.arrival?.gapMs, 3 * dayMs - minuteMs, "nothing confirms it");
    const back = judge(set, booted(3 * minuteMs, 2 * minuteMs), bounds);
    assert.equal(back.kind, "trusted", "the step may have been the mistake");
  });

  it("follows NTP if the API server runs on the same machine and had confirmed the time of the last shutdown", () => {
    for (const aheadMs of [0, -hourMs]) {
      const now = booted(minuteMs, aheadMs);
      const confirmedByItself = compareClocks(boot(now), now, now.wallMs, buildMs);
      assert.equal(confirmedByItself.kind, "trusted");
      assert.equal(judge(confirmedByItself, booted(2 * minuteMs, 3 * dayMs), bounds).kind, "trusted");
    }
  });

  it("does not suspect a pod that moves with its volume between nodes of any uptime, whose clocks differ by minutes", () => {
    let record = before;
    for (let move = 1; move <= 50; move++) {
      const skewMs = ((move * 7) % 5) * minuteMs - 2 * minuteMs;
      const uptimeMs = ((move * 37) % 400) * dayMs;
      const now = { bootMs: uptimeMs, wallMs: startMs + move * hourMs + skewMs };
      const state = judgeStart(
        { reading: now, bootId: `node-${move % 3}-${uptimeMs}`, record, buildMs },
        bounds,
      );
      assert.ok(state.kind === "trusted", `move ${move}`);
      record = {
        trustedMs: now.wallMs,
        bootMs: uptimeMs,
        bootId: `node-${move % 3}-${uptimeMs}`,
        time: state,
      };
    }
  });

  it("waits for NTP if a virtual machine returns to a snapshot that is older than the record on its volume", () => {
    const returned = { bootMs: 49 * dayMs, wallMs: startMs - dayMs };
    const state = judgeStart({ reading: returned, bootId: "one", record: before, buildMs }, bounds);
    assert.equal(state.kind, "unknown");
    const right = { bootMs: 49 * dayMs + minuteMs, wallMs: startMs + hourMs };
    assert.equal(judge(state, right, bounds).kind, "trusted");
  });

  it("suspects such a step beyond the gap, an hour after boot, or if the machine has not booted since the record", () => {
    const started = boot(booted(minuteMs, 0));
    assert.equal(judge(started, booted(2 * minuteMs, 91 * dayMs), bounds).kind, "suspect");
    assert.equal(judge(started, booted(hourMs, 3 * dayMs), bounds).kind, "suspect");
    const sameBoot = judgeStart(
      { reading: booted(50 * dayMs, 0), bootId: "one", record: before, buildMs },
      bounds,
    );
    assert.equal(judge(sameBoot, booted(50 * dayMs, 3 * dayMs), bounds).kind, "suspect");
  });

  it("knows the time if the last record was written while the clock was ahead, and the reboot put it right", () => {
    const stepped = judge(confirmed(booted(hourMs, 0)), booted(hourMs, 10 * hourMs), bounds);
    const arrivedAhead = boot(booted(minuteMs, 80 * dayMs));
    for (const [time, wrongMs, bootMs] of [
      [stepped, 10 * hourMs, hourMs],
      [arrivedAhead, 80 * dayMs, minuteMs],
    ] as const) {
      assert.ok(time.kind === "trusted");
      const record = { trustedMs: startMs + wrongMs, bootMs, bootId: "one", time };
      assert.equal(boot(booted(minuteMs, 2 * minuteMs), record).kind, "trusted");
      assert.equal(boot(booted(minuteMs, -hourMs), record).kind, "unknown");
    }
  });
});

describe("compareClocks", () => {
  const compare = (state: ClockState, now: ClockReading, referenceMs: number) =>
    compareClocks(state, now, referenceMs, buildMs);
  const unknown = judgeStart(
    { reading: reading(0, -startMs), bootId: "two", record: undefined, buildMs },
    bounds,
  );

  it("takes the time from the API server if this machine does not know it", () => {
    const state = compare(unknown, reading(0, -startMs), startMs);
    assert.equal(state.kind, "suspect");
    assert.equal(trustedMs(state, reading(0)), startMs);
    assert.equal(judge(state, reading(minuteMs), bounds).kind, "trusted");
    assert.equal(compare(unknown, reading(0), startMs).kind, "trusted");
  });

  it("ignores an API server whose clock shows a time before this release", () => {
    assert.equal(compare(unknown, reading(0, -startMs), 0), unknown);
  });

  it("takes the API server's word against a first clock, and against a step that it did not see", () => {
    const first = judgeStart(
      { reading: reading(0, 10 * hourMs), bootId: "two", record: undefined, buildMs },
      bounds,
    );
    const stepped = running([1000, 10 * hourMs]);
    for (const state of [first, stepped]) {
      const judged = compare(state, reading(2000, 10 * hourMs), startMs + 2000);
      assert.equal(judged.kind, "suspect");
      assert.equal(Math.round(trustedMs(judged, reading(2000))), startMs + 2000);
    }
  });

  it("does not return to a first clock that the API server contradicts, in whichever direction it is wrong", () => {
    for (const wrongMs of [-2 * dayMs, -10 * minuteMs, 10 * hourMs]) {
      const first = judgeStart(
        { reading: reading(0, wrongMs), bootId: "two", record: undefined, buildMs },
        bounds,
      );
      const doubted = compare(first, reading(1000, wrongMs), startMs + 1000);
      const later = judge(doubted, reading(2000, wrongMs), bounds);
      assert.equal(later.kind, "suspect", `${wrongMs} ms`);
      assert.equal(Math.round(trustedMs(later, reading(2000))), startMs + 2000);
      const right = judge(later, reading(3000), bounds);
      assert.equal(right.kind, "trusted");
      assert.equal(Math.round(trustedMs(right, reading(3000))), startMs + 3000);
    }
  });

  it("confirms a clock that was set back, and never one that was set ahead", () => {
    const back = running([1000, -2 * hourMs]);
    assert.equal(compare(back, reading(2000, -2 * hourMs), startMs - 2 * hourMs).kind, "trusted");
    const onOneMachine = compare(running([1000, -2 * dayMs]), reading(2000, -2 * dayMs), startMs - 2 * dayMs);
    assert.equal(judge(onOneMachine, reading(3000), bounds).kind, "trusted", "both were put right");
    const jumped = running([1000, 2920 * dayMs]);
    assert.equal(compare(jumped, reading(2000, 2920 * dayMs), startMs + 2920 * dayMs).kind, "suspect");
  });

  it("keeps the time of a machine that contradicts the API server by itself, and only disputes it", () => {
    const disputed = compare(running([1000, 0]), reading(2000), startMs + hourMs);
    assert.ok(disputed.kind === "trusted");
    assert.match(disputed.dispute ?? "", /60 min behind the API server's/);
    const agreed = compare(disputed, reading(3000), startMs + 3000);
    assert.ok(agreed.kind === "trusted");
    assert.equal(agreed.dispute, undefined);
    const accepted = compare({ ...agreed, accepted: true }, reading(4000), startMs + hourMs);
    assert.ok(accepted.kind === "trusted");
    assert.equal(accepted.dispute, undefined, "an operator has decided");
  });
});
