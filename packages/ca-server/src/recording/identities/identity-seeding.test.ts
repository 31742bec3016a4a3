import assert from "node:assert/strict";
import type { NewestOfName } from "@kasbah/ledger";
import { FakeClock, manualSweep, recordingLogger } from "@kasbah/testkit";
import { IdentitySeeding } from "./identity-seeding.ts";

const newest = (spiffeId: string): NewestOfName => ({ spiffeId, index: 1, notBeforeMs: 0, notAfterMs: 1 });

describe("IdentitySeeding", () => {
  function seedingFrom(answers: (Iterable<readonly NewestOfName[]> | undefined)[], isBusy = false) {
    const { sweep, tick } = manualSweep();
    const found: string[] = [];
    const identities = {
      found: (batch: readonly NewestOfName[]) => found.push(...batch.map(({ spiffeId }) => spiffeId)),
      seeded: () => found.push("seeded"),
    };
    const logger = recordingLogger();
    let asked = 0;
    const { promise: ready, resolve: release } = Promise.withResolvers<void>();
    if (!isBusy) release();
    const index = {
      catchUp: () => ready,
      newestOfNames: () => {
        asked += 1;
        return answers.shift();
      },
    };
    const clock = new FakeClock();
    const seeding = new IdentitySeeding({ index, identities, sweep, clock, logger });
    return { seeding, tick, found, logger, release, asked: () => asked };
  }

  it("tries again every minute until the index has caught up and can be read, and then never again", async () => {
    const failing = (function* () {
      yield [newest("a")];
      throw new Error("the database is damaged");
    })();
    const { seeding, tick, found, logger, asked } = seedingFrom([undefined, failing, [[newest("b")]]]);
    await seeding.start();
    for (const expected of [[], ["a"], ["a", "b", "seeded"], ["a", "b", "seeded"]]) {
      await seeding.settled();
      assert.deepEqual(found, expected);
      tick();
    }
    await seeding.stop();
    assert.equal(asked(), 3);
    assert.equal(logger.events.filter(({ level }) => level === "warn").length, 1);
  });

  it("stops at once even if the index is busy, and takes nothing from it afterwards", async () => {
    const { seeding, found, logger, release } = seedingFrom([[[newest("a")]]], true);
    await seeding.start();
    await seeding.stop();
    release();
    await seeding.settled();
    assert.deepEqual([found, logger.events], [[], []]);
  });

  it("lets callers in between two batches, and stops there with the CA", async () => {
    let given = 0;
    const endless = (function* () {
      for (;;) {
        given += 1;
        yield [newest(`n${given}`)];
      }
    })();
    const { seeding, found } = seedingFrom([endless]);
    await seeding.start();
    await new Promise((resolve) => setImmediate(resolve));
    await seeding.stop();
    await seeding.settled();
    assert.ok(given < 100, `${given} batches`);
    assert.equal(found.includes("seeded"), false);
  });
});
