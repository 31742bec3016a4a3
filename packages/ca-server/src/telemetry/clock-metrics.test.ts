import assert from "node:assert/strict";
import { Registry } from "@kasbah/runtime";
import { registerClockGauges } from "./clock-metrics.ts";

describe("Gauges of the clock", () => {
  it("show whether the clock is suspect and how far it is ahead of trusted time, read at each scrape", async () => {
    const registry = new Registry();
    let reason: string | undefined;
    const clock = {
      holds: () => reason,
      now: () => new Date(1_000_000),
      reading: () => ({ wallMs: reason === undefined ? 1_000_000 : 5_000_000 }),
    };
    registerClockGauges(registry, clock);
    assert.match(await registry.metrics(), /^kasbah_clock_suspect 0$/m);
    assert.match(await registry.metrics(), /^kasbah_clock_ahead_seconds 0$/m);
    reason = "it is wrong";
    assert.match(await registry.metrics(), /^kasbah_clock_suspect 1$/m);
    assert.match(await registry.metrics(), /^kasbah_clock_ahead_seconds 4000$/m);
  });
});
