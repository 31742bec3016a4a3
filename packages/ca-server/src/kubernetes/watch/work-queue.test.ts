import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { ApiAnswerError } from "../api/api-answer.ts";
import { WorkQueue } from "./work-queue.ts";

describe("WorkQueue", () => {
  let clock: FakeClock;
  let queue: WorkQueue;
  let done: string[];
  let troubles: string[];
  let atWork: number;
  let most: number;
  let work: (key: string) => Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    [done, troubles, atWork, most] = [[], [], 0, 0];
    work = async () => undefined;
    queue = new WorkQueue({
      work: async (key) => {
        atWork += 1;
        most = Math.max(most, atWork);
        await work(key).finally(() => {
          atWork -= 1;
        });
        done.push(key);
      },
      onTrouble: (key) => troubles.push(key),
      ...{ atOnce: 3, clock, roll: () => 0.5 },
    });
    queue.start();
  });

  afterEach(() => queue.stop());

  it("works on a limited number of keys concurrently", async () => {
    work = () => clock.sleep(100);
    for (let index = 0; index < 10; index += 1) queue.add(`key-${index}`);
    await clock.advance(1_000);
    assert.equal(done.length, 10);
    assert.equal(most, 3);
  });

  it("works once on a key that was added several times before its turn", async () => {
    for (let index = 0; index < 10; index += 1) queue.add("key");
    await clock.advance(1_000);
    assert.deepEqual(done, ["key"]);
  });

  it("works again on a key that was added meanwhile, but not concurrently", async () => {
    work = () => clock.sleep(100);
    queue.add("key");
    await clock.advance(50);
    queue.add("key");
    await clock.advance(40);
    assert.equal(atWork, 1);
    await clock.advance(1_000);
    assert.deepEqual(done, ["key", "key"]);
    assert.equal(most, 1);
  });

  it("starts each key when it is due, and a key due now before one that was added earlier", async () => {
    queue.add("late", 500);
    queue.add("later", 900);
    queue.add("now");
    await clock.advance(499);
    assert.deepEqual(done, ["now"]);
    await clock.advance(1);
    assert.deepEqual(done, ["now", "late"]);
    queue.add("later");
    await clock.advance(1);
    assert.deepEqual(done, ["now", "late", "later"]);
    await clock.advance(1_000);
    assert.equal(done.length, 3);
  });

  it("retries failed work at growing intervals, however often the key is added", async () => {
    work = () => Promise.reject(new Error("no"));
    queue.add("key");
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      queue.add("key");
    }
    assert.ok(troubles.length >= 5 && troubles.length <= 12, `${troubles.length} tries in a minute`);
    work = async () => undefined;
    await clock.advance(30_000);
    assert.deepEqual(done, ["key"]);
  });

  it("works on other keys while one keeps failing", async () => {
    work = (key) => (key === "bad" ? Promise.reject(new Error("no")) : Promise.resolve());
    for (const key of ["bad", "good", "better"]) queue.add(key);
    await clock.advance(1);
    assert.deepEqual(done, ["good", "better"]);
  });

  it("waits as long as the server requests", async () => {
    const busy = new ApiAnswerError({ status: 429, retryAfterMs: 9_000, body: "" }, "a write");
    work = () => Promise.reject(busy);
    queue.add("key");
    await clock.advance(8_999);
    assert.equal(troubles.length, 1);
    await clock.advance(2);
    assert.equal(troubles.length, 2);
  });

  it("limits a thousand keys that fail together to about ten retries per second", async () => {
    work = () => Promise.reject(new Error("no"));
    for (let index = 0; index < 1_000; index += 1) queue.add(`key-${index}`);
    await clock.advance(10 * 60_000);
    const before = troubles.length;
    await clock.advance(10 * 60_000);
    const perSecond = (troubles.length - before) / 600;
    assert.ok(perSecond < 15, `${perSecond} tries in a second`);
  }).timeout(30_000);

  it("forgets a key with its failures", async () => {
    work = () => Promise.reject(new Error("no"));
    queue.add("key");
    await clock.advance(1);
    queue.forget("key");
    await clock.advance(60_000);
    assert.equal(troubles.length, 1);
    work = async () => undefined;
    queue.add("key");
    await clock.advance(1);
    assert.deepEqual(done, ["key"]);
  });

  it("finishes the work in progress before its stop resolves, and starts nothing more", async () => {
    work = () => clock.sleep(100);
    queue.add("key");
    queue.add("later", 50);
    await clock.advance(1);
    const stopped = queue.stop();
    await clock.advance(1_000);
    await stopped;
    assert.deepEqual(done, ["key"]);
  });
});
