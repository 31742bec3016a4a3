import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { Registry } from "../metrics/index.ts";
import type { Component } from "./lifecycle.ts";
import { createLoopWatch } from "./loop-watch.ts";

/** A clock whose sleepers wake late, like those of a blocked process. */
class LateClock extends FakeClock {
  lateMs = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await super.sleep(ms + this.lateMs, signal);
  }
}

describe("createLoopWatch", () => {
  let clock: LateClock;
  let registry: Registry;
  let logger: RecordingLogger;
  let watch: Component;

  beforeEach(async () => {
    [clock, registry, logger] = [new LateClock(), new Registry(), recordingLogger()];
    watch = createLoopWatch({ registry, clock, logger });
  });
  afterEach(() => watch.stop());

  it("row 36: counts and logs an event loop that was blocked for more than a second, and for how long", async () => {
    clock.lateMs = 31_000;
    await watch.start();
    await clock.advance(32_500);
    const text = await registry.metrics();
    assert.match(text, /^kasbah_event_loop_stalls 1$/m);
    assert.match(text, /^kasbah_event_loop_stalled_seconds 31$/m);
    assert.deepEqual(logger.events[0]?.facts, { stalledMs: 31_000 });
  });

  it("ignores an event loop that is slightly late, and a stepped wall clock", async () => {
    clock.lateMs = 900;
    await watch.start();
    await clock.advance(60_000);
    clock.jump(86_400_000);
    await clock.advance(60_000);
    assert.match(await registry.metrics(), /^kasbah_event_loop_stalls 0$/m);
    assert.deepEqual(logger.events, []);
  });

  it("leaves no sleeper behind when it stops", async () => {
    await watch.start();
    await watch.stop();
    assert.equal(clock.sleeping, 0);
  });
});
