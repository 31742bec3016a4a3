import assert from "node:assert/strict";
import { RetryTime } from "./retry-time.ts";

describe("RetryTime", () => {
  const question = { nowMs: 0, waiting: 0, perSecond: 100, roll: 0 };

  it("lets a caller return once those that wait have been served", () => {
    assert.equal(new RetryTime().refuse({ ...question, waiting: 300 }), 3_000);
  });

  it("spreads callers that were refused together over the time that they take", () => {
    const retryTime = new RetryTime();
    const waits = Array.from({ length: 1_000 }, (_, at) =>
      retryTime.refuse({ ...question, waiting: 100, roll: (at * 0.618) % 1 }),
    );
    const inSecond = (second: number) => waits.filter((ms) => Math.floor(ms / 1_000) === second).length;
    assert.ok(Math.max(...waits) > 9_000 && Math.max(...waits) <= 11_000, String(Math.max(...waits)));
    for (let second = 1; second < 9; second += 1) assert.ok(inSecond(second) < 400, `${second}`);
  });

  it("forgets refused callers after a while", () => {
    const retryTime = new RetryTime();
    for (let count = 0; count < 1_000; count += 1) retryTime.refuse(question);
    assert.ok(retryTime.refuse({ ...question, roll: 0.99 }) > 9_000);
    assert.ok(retryTime.refuse({ ...question, nowMs: 60_000, roll: 0.99 }) < 2_000);
  });

  it("asks for no less than a second and no more than half a minute", () => {
    for (const roll of [0, 0.5, 0.99]) {
      assert.ok(new RetryTime().refuse({ ...question, roll }) >= 1_000);
      const ms = new RetryTime().refuse({ ...question, waiting: 1_000_000, roll });
      assert.ok(ms <= 30_000 && ms >= 15_000, `${ms}`);
    }
  });
});
