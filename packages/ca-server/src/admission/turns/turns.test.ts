import assert from "node:assert/strict";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import type { CaError } from "../../errors.ts";
import { type TurnHolder, Turns, type TurnsOptions } from "./turns.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("Turns", () => {
  let clock: FakeClock;
  let started: string[];
  let finish: (() => void)[];

  beforeEach(() => {
    clock = new FakeClock();
    [started, finish] = [[], []];
  });

  const turnsOf = (options: Partial<TurnsOptions> = {}) =>
    new Turns({ atOnce: 2, maxWaiting: 1_000, patienceMs: 4_000, clock, roll: () => 0, ...options });

  interface Asked extends Partial<TurnHolder> {
    readonly early?: boolean;
  }

  /** Work that lasts until it is finished by the test. */
  function ask(turns: Turns, name: string, { early = false, ...holder }: Asked = {}): Promise<unknown> {
    const asked = turns.run({ group: "demo", caller: name, isUrgent: () => !early, ...holder }, () => {
      started.push(name);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
    asked.catch(() => {});
    return asked;
  }

  async function finishAll(): Promise<void> {
    while (finish.length > 0) {
      for (const each of finish.splice(0)) each();
      await turn();
    }
  }

  const refusalOf = async (asked: Promise<unknown>) =>
    (await rejectsWithCode(asked, "OVERLOADED")) as unknown as CaError;

  it("starts work at once while there is room, and the next as soon as some is finished", async () => {
    const turns = turnsOf();
    for (const name of ["one", "two", "three"]) ask(turns, name);
    await turn();
    assert.deepEqual([started, turns.waiting], [["one", "two"], 1]);
    finish.shift()?.();
    await turn();
    assert.deepEqual([started, turns.waiting], [["one", "two", "three"], 0]);
  });

  it("frees the turn of work that fails", async () => {
    const turns = turnsOf({ atOnce: 1 });
    const holder = { group: "demo", caller: "one", isUrgent: () => true };
    await assert.rejects(
      turns.run(holder, () => Promise.reject(new Error("no"))),
      /no/,
    );
    ask(turns, "two");
    assert.deepEqual(started, ["two"]);
  });

  it("serves a namespace with ten pods as soon as one with nine thousand", async () => {
    const turns = turnsOf({ maxWaiting: 10_000, patienceMs: 1_000_000 });
    for (let at = 0; at < 9_000; at += 1) ask(turns, `large ${at}`, { group: "large" });
    for (let at = 0; at < 10; at += 1) ask(turns, `small ${at}`, { group: "small" });
    for (let at = 0; at < 12; at += 1) {
      for (const each of finish.splice(0)) each();
      await turn();
    }
    assert.equal(started.filter((name) => name.startsWith("small")).length, 10);
  });

  it("serves callers that renew a certificate early after those that need one now", async () => {
    const turns = turnsOf();
    for (const name of ["running 1", "running 2"]) ask(turns, name);
    for (let at = 0; at < 5; at += 1) ask(turns, `early ${at}`, { early: true });
    for (let at = 0; at < 3; at += 1) ask(turns, `urgent ${at}`);
    await finishAll();
    const order = started.slice(2).map((name) => name.split(" ")[0]);
    assert.deepEqual(order, ["urgent", "urgent", "urgent", ...Array.from({ length: 5 }, () => "early")]);
  });

  it("refuses a caller that renews early to make room for one that needs a certificate now", async () => {
    const turns = turnsOf({ maxWaiting: 2 });
    for (const name of ["running 1", "running 2", "urgent 1"]) ask(turns, name);
    const early = ask(turns, "early", { early: true });
    ask(turns, "urgent 2");
    await refusalOf(early);
    const last = ask(turns, "urgent 3");
    await refusalOf(last);
    await finishAll();
    assert.deepEqual(started.slice(2), ["urgent 1", "urgent 2"]);
  });

  it("refuses the newest caller of the largest namespace for one of a smaller namespace", async () => {
    const turns = turnsOf({ maxWaiting: 3 });
    for (const name of ["running 1", "running 2"]) ask(turns, name, { group: "large" });
    const large = ["a", "b", "c"].map((name) => ask(turns, name, { group: "large" }));
    ask(turns, "small", { group: "small" });
    await refusalOf(large.at(-1) ?? assert.fail());
    await finishAll();
    assert.deepEqual(started.slice(2).toSorted(), ["a", "b", "small"]);
  });

  it("lets no more callers wait than the measured rate serves in their patience", async () => {
    const turns = turnsOf({ atOnce: 1 });
    // A hundred per second is assumed at first, so 400 may wait for four seconds, less the one that runs.
    for (let at = 0; at < 1_000; at += 1) ask(turns, `${at}`);
    assert.equal(turns.waiting, 399);
    for (let at = 0; at < 300; at += 1) {
      await clock.advance(20);
      finish.shift()?.();
      await turn();
    }
    // Fifty per second were served.
    for (let at = 0; at < 1_000; at += 1) ask(turns, `more ${at}`);
    assert.ok(turns.waiting >= 190 && turns.waiting <= 210, String(turns.waiting));
  });

  it("tells refused callers to return after those that wait", async () => {
    const turns = turnsOf({ maxWaiting: 300 });
    for (let at = 0; at < 302; at += 1) ask(turns, `${at}`);
    assert.equal((await refusalOf(ask(turns, "late"))).retryAfterMs, 3_000);
  });

  it("does no work for a caller that has left", async () => {
    const turns = turnsOf();
    const leaving = new AbortController();
    for (const name of ["running 1", "running 2"]) ask(turns, name);
    const left = ask(turns, "left", { signal: leaving.signal });
    ask(turns, "stayed");
    leaving.abort();
    await finishAll();
    await refusalOf(left);
    assert.deepEqual(started.slice(2), ["stayed"]);
  });

  it("is behind when many callers wait, but not when one caller has many calls", () => {
    const turns = turnsOf();
    for (let at = 0; at < 100; at += 1) ask(turns, "one caller");
    assert.equal(turns.isBehind, false);
    for (let at = 0; at < 15; at += 1) ask(turns, `caller ${at}`);
    assert.equal(turns.isBehind, true);
  });
});
