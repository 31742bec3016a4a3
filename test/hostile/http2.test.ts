import assert from "node:assert/strict";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { type Vitals, vitalsOf } from "../harness/vitals.ts";
import { evictsTheOldestIdle, standsAThousandIdle } from "./http2/crowds.ts";
import { dawdlers, firstRequestTimeout } from "./http2/dawdlers.ts";
import { floods } from "./http2/floods.ts";
import { frameFaults } from "./http2/frame-faults.ts";
import { harmlessHeaders, headerBombs } from "./http2/header-bombs.ts";
import { messages } from "./http2/messages.ts";
import { recovers, servesOthers, withstand } from "./http2/withstand.ts";

/** For all of the attacks below; a newly started CA uses about 120 MiB. */
const mostMiB = 400;

describe("CA under abuse of HTTP/2", () => {
  let ca: RunningCa;

  before(async () => {
    ca = await startCa();
  });

  after(() => ca?.stop());

  for (const { title, run } of [...frameFaults, ...headerBombs, ...harmlessHeaders, ...floods, ...messages]) {
    it(`withstands a client that ${title}`, () => withstand(ca, () => run(ca)));
  }

  it("serves others during a thousand idle connections, and needs no more memory for the next thousand", async () => {
    // V8 does not shrink its heap, so the memory of the first crowd is reused instead of released.
    await standsAThousandIdle(ca);
    await withstand(ca, () => standsAThousandIdle(ca));
  });

  it("row 34: stays within its memory limit under all of this", async () => {
    const { peakMiB } = await vitalsOf(ca.pid);
    process.stdout.write(`      the CA used at most ${Math.round(peakMiB)} MiB\n`);
    assert.ok(peakMiB <= mostMiB, `${peakMiB} MiB`);
  });
});

describe("CA with many stalling clients at the same time", () => {
  let ca: RunningCa;
  let atFirst: Vitals;
  let outcomes: ReadonlyMap<string, Promise<unknown>>;

  before(async () => {
    ca = await startCa({ flags: ["--first-request-timeout", firstRequestTimeout] });
    atFirst = await vitalsOf(ca.pid);
    outcomes = new Map(dawdlers.map(({ title, run }) => [title, failureOf(run(ca))]));
  });

  after(() => ca?.stop());

  it("serves others meanwhile", () => servesOthers(ca, "with stalling clients"));

  for (const { title } of dawdlers) {
    it(`disconnects a client that ${title}`, async () => {
      assert.ifError(await outcomes.get(title));
    });
  }

  it("releases all their resources afterwards", async () => {
    await servesOthers(ca, "after the stalling clients");
    await recovers(ca, atFirst);
  });
});

describe("CA with a limit of a hundred connections", () => {
  const limit = 100;
  let ca: RunningCa;

  before(async () => {
    ca = await startCa({ flags: ["--max-connections", String(limit)] });
  });

  after(() => ca?.stop());

  it("closes the oldest idle connections when new ones arrive, and none with a call in progress", () =>
    withstand(ca, () => evictsTheOldestIdle(ca, limit)));
});

/**
 * Handles the rejection immediately, because it would count as unhandled until the promise's own test awaits
 * it.
 */
function failureOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
