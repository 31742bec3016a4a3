import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import {
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { clockConditions } from "./conditions.ts";
import { type CaClock, createClock } from "./create-clock.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const bounds = { maxJumpMs: dayMs, maxGapMs: 90 * dayMs };

describe("TrustedClock", () => {
  let directory: TemporaryDirectory;
  let machine: FakeClock;
  let logger: RecordingLogger;
  let apiMs: (() => number) | undefined;
  let opened: CaClock[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    machine = new FakeClock("2030-01-01T00:00:00Z");
    await machine.advance(hourMs);
    logger = recordingLogger();
    apiMs = undefined;
    opened = [];
  });
  afterEach(async () => {
    for (const { watch } of opened) await watch.stop();
    await directory.remove();
  });

  async function open(bootId = "one"): Promise<CaClock> {
    const api = apiMs;
    const created = await createClock({
      directory: directory.path,
      bounds,
      bootId,
      reference: api && (async () => api()),
      clock: machine,
      logger,
    });
    opened.push(created);
    return created;
  }
  const rightMs = () => machine.now().getTime();
  const lines = () => logger.events.filter(({ event }) => event.startsWith("clock is"));

  it("follows the wall clock while it is trusted, and logs nothing", async () => {
    const { clock, watch } = await open();
    for (let second = 0; second < 100; second++) {
      await machine.advance(1_500);
      assert.deepEqual(clock.now(), machine.now());
      await watch.look();
    }
    assert.deepEqual([clock.holds(), lines(), clock.warnings()], [undefined, [], []]);
  });

  it("notices a jump at the next reading, even if no look came between, and logs one line for it", async () => {
    const { clock } = await open();
    const before = clock.now().getTime();
    machine.jump(2920 * dayMs);
    assert.equal(clock.now().getTime(), before);
    await machine.advance(minuteMs);
    assert.equal(clock.now().getTime(), before + minuteMs);
    assert.match(clock.holds() ?? "", /8 years ahead/);
    assert.match(clock.warnings()[0] ?? "", /CLOCK_SUSPECT.*kasbah clock accept/);
    assert.deepEqual(
      lines().map(({ event, facts }) => [event, facts["code"]]),
      [["clock is suspect", "CLOCK_SUSPECT"]],
    );
    assert.match(String(lines()[0]?.facts["fix"]), /kasbah clock accept/);
    machine.jump(-2920 * dayMs);
    assert.equal(clock.holds(), undefined);
    assert.deepEqual(clock.now(), machine.now());
    assert.equal(lines().at(-1)?.event, "clock is trusted again");
  });

  it("is not disturbed by a suspension of 60 hours", async () => {
    const { clock } = await open();
    machine.suspend(60 * hourMs);
    assert.deepEqual(clock.now(), machine.now());
    assert.equal(clock.holds(), undefined);
  });

  it("lets stages wait by the earlier clock after a step that it follows", async () => {
    const { clock } = await open();
    const { latest } = clock;
    machine.jump(10 * hourMs);
    assert.deepEqual(clock.now(), machine.now());
    assert.equal(latest.now().getTime(), rightMs() - 10 * hourMs);
    machine.jump(-10 * hourMs);
    assert.deepEqual([clock.now(), latest.now()], [machine.now(), machine.now()]);
  });

  it("records the trusted time at most once a minute, and never while it is in doubt", async () => {
    const { clock, watch } = await open();
    const recorded = async () => JSON.parse(await readFile(directory.join("clock.json"), "utf8")).trustedMs;
    const first = await recorded();
    await machine.advance(30_000);
    await watch.look();
    assert.equal(await recorded(), first);
    await machine.advance(31_000);
    await watch.look();
    assert.equal(await recorded(), rightMs());
    machine.jump(-2 * dayMs);
    await machine.advance(2 * minuteMs);
    await watch.look();
    assert.equal(await recorded(), clock.now().getTime() - 2 * minuteMs);
  });

  it("carries the time over a restart on the same boot, and over none on another", async () => {
    await (await open()).watch.stop();
    const before = rightMs();
    machine.jump(243 * dayMs);
    await machine.advance(minuteMs);
    const { clock } = await open();
    assert.equal(clock.now().getTime(), before + minuteMs);
    const rebooted = await open("two");
    assert.equal(rebooted.clock.state.kind, "unknown");
    assert.throws(() => rebooted.clock.requireTime(), { code: "CLOCK_SUSPECT", retryAfterMs: 30_000 });
    assert.deepEqual(clockConditions(rebooted.clock, undefined).troubles().length, 1);
    machine.jump(-243 * dayMs);
    rebooted.clock.requireTime();
    assert.deepEqual(rebooted.clock.now(), machine.now());
  });

  it("asks the API server after a reboot, and holds what is irreversible until the clock agrees", async () => {
    await (await open()).watch.stop();
    const offsetMs = rightMs() - machine.bootMs();
    apiMs = () => machine.bootMs() + offsetMs;
    machine.jump(400 * dayMs);
    const { clock, watch } = await open("two");
    assert.equal(clock.now().getTime(), machine.bootMs() + offsetMs);
    assert.match(clock.holds() ?? "", /400 days ahead of the API server's/);
    machine.jump(-400 * dayMs);
    await watch.look();
    assert.equal(clock.holds(), undefined);
  });

  it("waits an hour after a long gap that nothing confirms, or until the API server agrees", async () => {
    await (await open()).watch.stop();
    machine.jump(80 * dayMs);
    const { clock, watch } = await open("two");
    assert.deepEqual([clock.now(), clock.state.kind], [machine.now(), "trusted"]);
    assert.match(clock.holds() ?? "", /80 days ago/);
    await watch.stop();
    await machine.advance(hourMs);
    assert.equal(clock.holds(), undefined);
    machine.jump(80 * dayMs);
    apiMs = rightMs;
    const confirmed = await open("three");
    assert.equal(confirmed.clock.holds(), undefined);
  });

  it("trusts the clock that an operator accepts, also after the next restart", async () => {
    const { clock, watch } = await open();
    machine.jump(-2 * dayMs);
    assert.notEqual(clock.holds(), undefined);
    clock.accept();
    assert.deepEqual([clock.holds(), clock.now()], [undefined, machine.now()]);
    await watch.stop();
    assert.equal((await open()).clock.holds(), undefined);
  });

  it("does not let an operator accept a clock before this release, and waits for a first time", async () => {
    const wrongMs = -rightMs();
    machine.jump(wrongMs);
    const { clock, known } = await open();
    assert.equal(clock.mayAccept(), false);
    let isKnown = false;
    const waiting = known().then(() => {
      isKnown = true;
    });
    await machine.runFor(5_000);
    assert.equal(isKnown, false);
    machine.jump(-wrongMs);
    await machine.runFor(5_000);
    await waiting;
    assert.equal(clock.holds(), undefined);
  });

  it("takes a damaged record for none", async () => {
    for (const text of ["", "{", "[]", '{"format":2}', '{"format":1,"trustedMs":"x"}']) {
      await writeFile(directory.join("clock.json"), text);
      assert.equal((await open()).clock.holds(), undefined, text);
    }
  });
});

describe("clockConditions", () => {
  const inDoubt = (kind: "trusted" | "suspect" | "unknown") => {
    const known = { kind, offsetMs: 0, anchoredAtBootMs: 0, former: [], reason: "it jumped" };
    const limits = { sinceBootMs: 0, floorMs: 0, ceilingMs: 0, recordedMs: undefined };
    return { state: { ...known, ...limits }, holds: () => "it jumped", warnings: () => ["CLOCK_SUSPECT"] };
  };

  it("keeps a replica in doubt ready unless another one is alive", () => {
    const alone = clockConditions(inDoubt("suspect"), { isAnotherAlive: () => false });
    assert.deepEqual([alone.troubles(), alone.warnings()], [[], ["CLOCK_SUSPECT"]]);
    assert.deepEqual(clockConditions(inDoubt("suspect"), undefined).troubles(), []);
    const relieved = clockConditions(inDoubt("suspect"), { isAnotherAlive: () => true });
    assert.equal(relieved.troubles().length, 1);
  });

  it("makes a replica that does not know the time unready in any case", () => {
    assert.equal(clockConditions(inDoubt("unknown"), { isAnotherAlive: () => false }).troubles().length, 1);
  });
});
