import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { assertCode, FakeClock, recordingLogger, rejectsWithCode, throwsWithCode } from "@kasbah/testkit";
import { JwksSource } from "./source.ts";

const newSet = (kid: string) =>
  JSON.stringify({
    keys: [
      { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }), kid },
    ],
  });

describe("JwksSource", () => {
  const hourMs = 3_600_000;
  let clock: FakeClock;
  let reads: number;
  let answer: () => Promise<string>;
  let source: JwksSource;
  const logger = recordingLogger();

  beforeEach(() => {
    clock = new FakeClock();
    reads = 0;
    const first = newSet("first");
    answer = async () => first;
    const read = () => {
      reads += 1;
      return answer();
    };
    source = new JwksSource({ location: "test", read, refreshIntervalMs: 300_000, clock, logger });
  });

  afterEach(() => source.stop());

  const fail = () => {
    answer = () => Promise.reject(new Error("ECONNREFUSED"));
  };

  it("reads at most once in 30 s for unknown keys, however many tokens name one", async () => {
    await source.start();
    await Promise.all(Array.from({ length: 1000 }, () => source.refreshForUnknownKey()));
    assert.equal(reads, 2);
    await clock.advance(29_999);
    await source.refreshForUnknownKey();
    assert.equal(reads, 2);
    await clock.advance(1);
    await source.refreshForUnknownKey();
    assert.equal(reads, 3);
  });

  it("reports AUTHENTICATOR_UNAVAILABLE for an unknown key while the source is unavailable, because the key may be valid", async () => {
    await source.start();
    fail();
    await rejectsWithCode(source.refreshForUnknownKey(), "AUTHENTICATOR_UNAVAILABLE");
    assert.ok(source.usable);
  });

  it("reports AUTHENTICATOR_UNAVAILABLE until the first set is loaded, and recovers automatically", async () => {
    const good = answer;
    fail();
    await source.start();
    assert.equal(source.usable, false);
    throwsWithCode(() => source.current(), "AUTHENTICATOR_UNAVAILABLE");
    answer = good;
    await clock.advance(1_000);
    assert.ok(source.usable);
    assert.ok(source.current());
  });

  it("keeps the last good set for exactly 24 h if the source returns nothing usable", async () => {
    await source.start();
    const kept = source.current();
    answer = async () => '{"keys":[]}';
    await clock.advance(24 * hourMs);
    assert.equal(source.current(), kept);
    await clock.advance(1);
    throwsWithCode(() => source.current(), "AUTHENTICATOR_UNAVAILABLE");
  });

  it("measures the age from the last read that confirmed the set", async () => {
    await source.start();
    await clock.advance(72 * hourMs);
    assert.ok(source.usable);
  });

  it("stops accepting a withdrawn key at the next refresh", async () => {
    await source.start();
    const before = source.current();
    const second = newSet("second");
    answer = async () => second;
    await clock.advance(300_000);
    assert.notEqual(source.current(), before);
  });

  it("logs each reason for a failed read once, not at every attempt", async () => {
    await source.start();
    fail();
    const before = logger.named("cannot read jwks").length;
    await clock.advance(hourMs);
    assert.equal(logger.named("cannot read jwks").length, before + 1);
  });

  it("waits at most one second for a source that hangs when it starts", async () => {
    answer = () => new Promise<string>(() => undefined);
    const started = source.start();
    await clock.advance(1_000);
    await started;
    try {
      source.current();
      assert.fail("a key set was returned");
    } catch (error) {
      assertCode(error, "AUTHENTICATOR_UNAVAILABLE");
    }
    answer = async () => newSet("late");
  });
});
