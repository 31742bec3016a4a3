import assert from "node:assert/strict";
import { createRegistry, type Registry } from "@kasbah/runtime";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { createFileMetrics } from "../file-metrics.ts";
import type { FilesChange } from "./consumer.ts";
import { registerConsumers, staleWarnings } from "./consumer-health.ts";
import { ConsumerLoop } from "./consumer-loop.ts";
import type { LoadedChange } from "./loaded-memory.ts";
import type { CommandOutcome } from "./outcome.ts";

const start = new Date("2030-01-01T00:00:00Z");
const hourMs = 3_600_000;

const ok: CommandOutcome = { result: "ok", exitCode: 0, killedBy: undefined, output: [] };
const failed: CommandOutcome = { result: "failed", exitCode: 3, killedBy: undefined, output: ["down"] };
const late: CommandOutcome = { ...failed, result: "timeout", exitCode: undefined, killedBy: "SIGTERM" };

function changeOf(serial: string, lifetimeMs = hourMs): FilesChange {
  return { spiffeId: "spiffe://t/ns/a/sa/b", serial, notAfter: new Date(start.getTime() + lifetimeMs) };
}

describe("ConsumerLoop", () => {
  let clock: FakeClock;
  let logger: RecordingLogger;
  let registry: Registry;
  let consumer: ConsumerLoop;
  let runs: { serial: string; atMs: number }[];
  let outcomes: CommandOutcome[];
  let remembered: LoadedChange | undefined;

  beforeEach(async () => {
    clock = new FakeClock(start);
    logger = recordingLogger();
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    [runs, outcomes, remembered] = [[], [], undefined];
    create();
    registerConsumers(registry, [consumer]);
    await consumer.start();
  });
  afterEach(() => consumer.stop());

  const create = () => {
    consumer = new ConsumerLoop({
      name: "on-rotate command",
      kind: "command",
      run: async ({ serial }) => {
        runs.push({ serial, atMs: clock.monotonicMs() });
        return outcomes.shift() ?? ok;
      },
      runs: createFileMetrics(registry).runs,
      memory: {
        recall: async () => remembered,
        remember: async (loaded) => {
          remembered = loaded;
        },
      },
      clock,
      roll: () => 0.5,
      logger,
    });
  };
  const metric = async (name: string) =>
    (await registry.metrics())
      .split("\n")
      .find((line) => line.startsWith(name))
      ?.split(" ")[1];
  const errors = () => logger.events.filter(({ level }) => level === "error").map(({ event }) => event);

  it("runs a failed command again at growing intervals until it succeeds, and then rests", async () => {
    outcomes = Array(9).fill(failed);
    consumer.notify(changeOf("1"));
    await clock.runFor(hourMs);
    assert.equal(runs.length, 10);
    const pauses = runs.slice(1).map(({ atMs }, at) => atMs - (runs[at]?.atMs ?? 0));
    assert.deepEqual(pauses, [1_500, 2_000, 3_000, 5_000, 9_000, 17_000, 30_500, 30_500, 30_500]);
    assert.deepEqual(consumer.state, { failures: 0, problem: undefined, deadline: changeOf("1").notAfter });
  });

  it("runs at once for a new set of files that arrives during a pause", async () => {
    outcomes = Array(8).fill(failed);
    consumer.notify(changeOf("1"));
    await clock.runFor(70_000);
    const before = runs.length;
    consumer.notify(changeOf("2"));
    await clock.runFor(0);
    assert.equal(runs.length, before + 1);
    assert.equal(runs.at(-1)?.serial, "2");
  });

  it("counts a run that timed out as failed, and repeats it", async () => {
    outcomes = [late];
    consumer.notify(changeOf("1"));
    await clock.runFor(0);
    assert.match(consumer.state.problem ?? "", /timed out/);
    await clock.runFor(2_000);
    assert.equal(runs.length, 2);
    assert.equal(consumer.state.problem, undefined);
  });

  it("reports stale-consumer with the expiry of the certificate that the application loaded last", async () => {
    assert.equal(await metric("kasbah_agent_consumer_deadline_seconds{"), undefined);
    consumer.notify(changeOf("1"));
    await clock.runFor(0);
    outcomes = Array(1_000).fill(failed);
    consumer.notify(changeOf("2", 2 * hourMs));
    await clock.runFor(0);
    assert.equal(await metric('kasbah_agent_consumer_stale{consumer="command"}'), "1");
    assert.equal(
      await metric('kasbah_agent_consumer_deadline_seconds{consumer="command"}'),
      String(changeOf("1").notAfter.getTime() / 1000),
    );
    assert.deepEqual(staleWarnings([consumer], clock), [
      "stale-consumer: the on-rotate command failed: exit code 3; the certificate that the application loaded last expires at 2030-01-01T01:00:00.000Z; see the log for its output",
    ]);
    await clock.runFor(hourMs);
    assert.match(
      staleWarnings([consumer], clock).join(),
      /\(\d+ times\); .* expired at 2030-01-01T01:00:00\.000Z/,
    );
    outcomes = [];
    await clock.runFor(60_000);
    assert.equal(await metric('kasbah_agent_consumer_stale{consumer="command"}'), "0");
    assert.deepEqual(staleWarnings([consumer], clock), []);
  });

  it("logs equal failures once, an alarm at half of the remaining time and one at the expiry", async () => {
    consumer.notify(changeOf("1"));
    await clock.runFor(0);
    outcomes = Array(1_000).fill(failed);
    consumer.notify(changeOf("2", 2 * hourMs));
    await clock.runFor(hourMs / 2 - 60_000);
    assert.deepEqual(errors(), ["on-rotate command failed"]);
    await clock.runFor(2 * 60_000);
    assert.equal(errors().length, 2);
    assert.match(errors()[1] ?? "", /^stale-consumer: .* about to expire/);
    await clock.runFor(hourMs);
    assert.equal(errors().length, 3);
    assert.match(errors()[2] ?? "", /^stale-consumer: .* has expired/);
  });

  it("names no deadline if no run has succeeded yet", async () => {
    outcomes = [failed];
    consumer.notify(changeOf("1"));
    await clock.runFor(0);
    assert.match(staleWarnings([consumer], clock).join(), /no run has succeeded yet/);
  });

  it("knows after a restart of the agent when the certificate of a stale application expires", async () => {
    consumer.notify(changeOf("1"));
    await clock.runFor(0);
    await consumer.stop();
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    create();
    await consumer.start();
    outcomes = [failed];
    consumer.notify(changeOf("2", 2 * hourMs));
    await clock.runFor(0);
    assert.match(staleWarnings([consumer], clock).join(), /loaded last expires at 2030-01-01T01:00:00\.000Z/);
  });
});
