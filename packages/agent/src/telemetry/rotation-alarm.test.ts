import assert from "node:assert/strict";
import { createRegistry } from "@kasbah/runtime";
import { FakeClock, mintSecret, recordingLogger } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { agentReadiness } from "./readiness.ts";
import { observeReplies } from "./reply-events.ts";
import { RotationAlarm } from "./rotation-alarm.ts";

const start = new Date("2030-01-01T00:00:00Z");
const newRegistry = () => createRegistry({ name: "kasbah-agent", version: "0" });

describe("RotationAlarm", () => {
  const setUp = async () => {
    const clock = new FakeClock(start);
    const store = new SecretStore(clock);
    const registry = newRegistry();
    const logger = recordingLogger();
    const alarm = new RotationAlarm(store, registry, logger);
    const told: string[] = [];
    const observer = alarm.around({
      onRotated: () => told.push("rotated"),
      onFailed: () => told.push("failed"),
    });
    const error = new AgentError("CA_UNREACHABLE", "away");
    const fail = () => observer.onFailed({ error, code: error.code, failures: 1, retryInMs: 100 });
    const secret = await mintSecret({ receivedAt: start, ttlMs: 100_000 });
    return { clock, store, registry, logger, alarm, observer, fail, secret, told };
  };

  it("row 3: raises the alarm at 50, 25 and 10 % of the lifetime left, with one log line each", async () => {
    const { clock, store, registry, logger, fail, secret, alarm } = await setUp();
    fail();
    store.publish(secret);
    const seen: string[] = [];
    for (let second = 0; second < 100; second += 1) {
      fail();
      seen.push(alarm.raised.join());
      clock.jump(1_000);
    }
    assert.deepEqual(
      [49, 50, 74, 75, 89, 90, 99].map((second) => seen[second]),
      ["", "50", "50", "50,25", "50,25", "50,25,10", "50,25,10"],
    );
    const lines = logger.events.map(({ level, facts }) => [level, facts["lifeLeftPercent"]]);
    assert.deepEqual(lines, [
      ["warn", 50],
      ["error", 25],
      ["error", 10],
    ]);
    assert.match(await registry.metrics(), /kasbah_agent_rotation_alarm\{life_left_percent="10"\} 1/);
  });

  it("clears the alarm with the next secret, and starts over afterwards", async () => {
    const { clock, store, registry, logger, observer, fail, secret, told } = await setUp();
    store.publish(secret);
    clock.jump(80_000);
    fail();
    observer.onRotated(secret);
    assert.match(await registry.metrics(), /kasbah_agent_rotation_alarm\{life_left_percent="25"\} 0/);
    fail();
    assert.equal(logger.events.length, 2);
    assert.deepEqual(told, ["failed", "rotated", "failed"]);
  });

  it("stays silent while rotation works, however old the secret is", async () => {
    const { clock, store, secret, alarm } = await setUp();
    store.publish(secret);
    clock.jump(95_000);
    assert.deepEqual(alarm.raised, []);
  });
});

describe("observeReplies", () => {
  it("counts discarded replies by reason, and adds a readiness warning if the clock is off", async () => {
    const registry = newRegistry();
    const replies = observeReplies(registry);
    const clock = new FakeClock(start);
    const store = new SecretStore(clock);
    replies.onDiscarded("wrong_key");
    replies.onClockOffset(-29_000);
    assert.equal(replies.clockWarning, undefined);
    replies.onClockOffset(-3_600_000);
    assert.match(
      agentReadiness(store, undefined, [replies.clockWarning ?? ""]).reasons.join(),
      /3600 s ahead/,
    );
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    const { ready, warnings } = agentReadiness(store, undefined, [replies.clockWarning ?? ""]);
    assert.deepEqual([ready, warnings?.length], [true, 1]);
    const text = await registry.metrics();
    assert.match(text, /kasbah_agent_ca_replies_discarded\{reason="wrong_key"\} 1/);
    assert.match(text, /kasbah_agent_clock_offset_seconds -3600/);
  });
});
