import assert from "node:assert/strict";
import { type ManualSweep, manualSweep, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { StateError } from "../errors.ts";
import { StateTrouble } from "./state-trouble.ts";

describe("StateTrouble", () => {
  let logger: RecordingLogger;
  let sweep: ManualSweep;
  let writes: number;
  let failure: unknown;
  let trouble: StateTrouble;
  const noSpace = new StateError("STATE_NOT_DURABLE", "cannot write state-0.json", {
    cause: Object.assign(new Error("write"), { code: "ENOSPC" }),
  });

  beforeEach(async () => {
    logger = recordingLogger();
    sweep = manualSweep();
    writes = 0;
    failure = undefined;
    trouble = new StateTrouble({
      rewrite: async () => {
        writes += 1;
        if (failure !== undefined) throw failure;
      },
      sweep: sweep.sweep,
      logger,
    });
    await trouble.start();
  });
  afterEach(() => trouble.stop());

  it("reports the system call's reason from the first failure on, and logs it once", () => {
    assert.deepEqual(trouble.troubles(), []);
    for (let call = 0; call < 3; call += 1) trouble.failed(noSpace);
    assert.deepEqual(trouble.troubles(), ["state: cannot be written: no space left on the device (ENOSPC)"]);
    assert.equal(logger.events.filter(({ level }) => level === "error").length, 1);
  });

  it("only warns while no certificate was refused, and writes by itself all the same", async () => {
    trouble.transitionFailed(noSpace);
    failure = noSpace;
    await trouble.probe();
    assert.deepEqual(trouble.troubles(), []);
    assert.match(trouble.warnings()[0] ?? "", /^state: cannot be written: no space left .* rotations wait/);
    trouble.failed(noSpace);
    assert.deepEqual([trouble.warnings(), trouble.troubles().length], [[], 1]);
    assert.equal(logger.events.filter(({ level }) => level === "error").length, 1);
    failure = undefined;
    await trouble.probe();
    trouble.transitionFailed(noSpace);
    await trouble.probe();
    assert.deepEqual([trouble.warnings(), trouble.troubles()], [[], []]);
  });

  it("writes by itself while the failure lasts, and never otherwise", async () => {
    await trouble.probe();
    assert.equal(writes, 0);
    trouble.failed(noSpace);
    failure = noSpace;
    await Promise.all([trouble.probe(), trouble.probe()]);
    assert.equal(writes, 1);
    assert.equal(trouble.troubles().length, 1);
    failure = undefined;
    sweep.tick();
    await trouble.probe();
    assert.deepEqual(trouble.troubles(), []);
    assert.equal(logger.events.at(-1)?.event, "the control state can be written again");
    const { length } = logger.events;
    trouble.succeeded();
    assert.equal(logger.events.length, length);
  });
});
