import assert from "node:assert/strict";
import { Pulse } from "./pulse.ts";

describe("Pulse", () => {
  function stateAfter(beats: number, isServing = true): string {
    const pulse = new Pulse();
    for (let beat = 0; beat < beats; beat += 1) pulse.beat();
    if (pulse.isHung(isServing)) return "hung";
    return pulse.isBusy ? "busy" : "well";
  }

  it("considers a worker busy after 4 s without an answer, and hung after 30 s", () => {
    assert.deepEqual(
      [2, 3, 15, 16].map((beats) => stateAfter(beats)),
      ["well", "busy", "busy", "hung"],
    );
  });

  it("waits two minutes for a worker that starts", () => {
    assert.deepEqual([stateAfter(60, false), stateAfter(61, false)], ["busy", "hung"]);
  });

  it("starts over with each answer", () => {
    const pulse = new Pulse();
    for (let beat = 0; beat < 100; beat += 1) {
      pulse.beat();
      pulse.heard();
    }
    assert.deepEqual([pulse.isBusy, pulse.isHung(true)], [false, false]);
  });
});
