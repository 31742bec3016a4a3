import assert from "node:assert/strict";
import { ServiceRate } from "./service-rate.ts";

describe("ServiceRate", () => {
  /** Finishes `count` pieces of work, one every `everyMs`. */
  function finish(rate: ServiceRate, { count = 100, everyMs = 10, fromMs = 0, isBusy = true } = {}): number {
    let nowMs = fromMs;
    for (let done = 0; done < count; done += 1) {
      nowMs += everyMs;
      rate.finished(nowMs, isBusy);
    }
    return nowMs;
  }

  it("approaches the rate of work that is finished while other work waits", () => {
    const rate = new ServiceRate();
    rate.waits(0);
    finish(rate, { count: 2_000, everyMs: 2 });
    assert.ok(Math.abs(rate.perSecond - 500) < 10, String(rate.perSecond));
  });

  it("does not count the time in which nothing waits", () => {
    const rate = new ServiceRate();
    rate.waits(0);
    const endMs = finish(rate, { count: 1_000 });
    rate.finished(endMs, false);
    const { perSecond } = rate;
    finish(rate, { count: 10, everyMs: 60_000, fromMs: endMs, isBusy: false });
    rate.waits(endMs + 3_600_000);
    assert.equal(rate.perSecond, perSecond);
  });

  it("falls while nothing is finished, but never to zero", () => {
    const rate = new ServiceRate();
    for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) rate.waits(nowMs);
    assert.ok(rate.perSecond < 2, String(rate.perSecond));
    assert.ok(rate.perSecond >= 1);
  });
});
