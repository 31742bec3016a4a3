import assert from "node:assert/strict";
import { SerialQueue } from "./serial-queue.ts";

describe("SerialQueue", () => {
  let queue: SerialQueue;
  let events: string[];

  beforeEach(() => {
    queue = new SerialQueue();
    events = [];
  });

  /** A task that the test finishes. */
  const task = (name: string) => {
    const finish = Promise.withResolvers<string>();
    const run = () => {
      events.push(`${name} starts`);
      return finish.promise.finally(() => events.push(`${name} ends`));
    };
    return { run, ...finish };
  };

  it("starts a task only when the previous one has finished", async () => {
    const [first, second] = [task("first"), task("second")];
    const results = [queue.run(first.run), queue.run(second.run)];
    second.resolve("2");
    await Promise.resolve();
    assert.deepEqual(events, ["first starts"]);
    first.resolve("1");
    assert.deepEqual(await Promise.all(results), ["1", "2"]);
    assert.deepEqual(events, ["first starts", "first ends", "second starts", "second ends"]);
  });

  it("rejects for the task that failed alone, and runs the next one", async () => {
    const failed = queue.run(() => Promise.reject(new Error("disk full")));
    const next = queue.run(async () => "done");
    await assert.rejects(failed, /disk full/);
    assert.equal(await next, "done");
  });

  it("rejects instead of throwing when a task throws before its first await", async () => {
    const failed = queue.run(() => {
      throw new Error("disk full");
    });
    await assert.rejects(failed, /disk full/);
  });

  it("counts as settled after its last task fails", async () => {
    const last = task("last");
    const failed = queue.run(last.run);
    let isSettled = false;
    const settled = queue.settled().then(() => {
      isSettled = true;
    });
    await Promise.resolve();
    assert.equal(isSettled, false);
    last.reject(new Error("disk full"));
    await assert.rejects(failed);
    await settled;
    await new SerialQueue().settled();
  });
});
