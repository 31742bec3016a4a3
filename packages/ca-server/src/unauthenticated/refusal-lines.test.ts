import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { type RefusalLine, RefusalLines } from "./refusal-lines.ts";

describe("RefusalLines", () => {
  let logger: RecordingLogger;
  let clock: FakeClock;
  let unlogged: number;
  let lines: RefusalLines;

  beforeEach(() => {
    [logger, clock, unlogged] = [recordingLogger(), new FakeClock(), 0];
    const onUnlogged = () => {
      unlogged += 1;
    };
    lines = new RefusalLines({ onUnlogged, clock, logger });
  });

  const refusal = (line: Partial<RefusalLine> = {}): RefusalLine => ({
    ...{ code: "TOKEN_REJECTED", level: "info", isOutage: false, caller: undefined },
    ...{ peerAddress: "10.0.0.1:5", error: new Error("rejected"), facts: { referenceId: "ref" } },
    ...line,
  });
  const written = () => logger.named("request refused").length;
  const refuse = (count: number, line: (index: number) => Partial<RefusalLine> = () => ({})) => {
    for (let index = 0; index < count; index += 1) lines.write(refusal(line(index)));
  };

  it("logs refusals with their facts, level and error", () => {
    lines.write(refusal({ code: "CREDENTIALS_CONFLICT", level: "warn" }));
    const [event] = logger.events;
    assert.equal(event?.level, "warn");
    assert.equal(event?.facts["code"], "CREDENTIALS_CONFLICT");
    assert.equal(event?.facts["referenceId"], "ref");
  });

  it("logs few refusals of one address, regardless of its port, and summarizes the rest", () => {
    refuse(1_000, (port) => ({ peerAddress: `10.0.0.1:${port}` }));
    assert.equal(written(), 20);
    assert.equal(unlogged, 980);
    lines.summarize();
    lines.summarize();
    const summaries = logger.named("more requests refused than are logged one by one");
    assert.deepEqual(
      summaries.map(({ facts }) => facts),
      [{ count: 980, codes: { TOKEN_REJECTED: 980 }, from: ["10.0.0.1 (980)"] }],
    );
  });

  it("limits the lines of all unauthenticated callers together, and those of one IPv6 host with many addresses", async () => {
    refuse(10_000, (index) => ({ peerAddress: `10.1.${index >> 8}.${index & 255}:1` }));
    assert.equal(written(), 120);
    await clock.advance(60_000);
    refuse(1_000, (index) => ({ peerAddress: `2001:db8::${index}:1` }));
    assert.equal(written(), 140);
  });

  it("logs an authenticated caller during a flood from its address, and gives each caller a budget", () => {
    refuse(10_000);
    const before = written();
    refuse(100, (index) => ({ caller: `pod-${index % 2} spiffe://a`, code: "TTL_TOO_LONG" }));
    assert.equal(written() - before, 60);
  });

  it("logs the first refusal of an outage as an error, and the next ones within the budget of their callers", async () => {
    const outage = { code: "AUTHENTICATOR_UNAVAILABLE", level: "error", isOutage: true } as const;
    refuse(1_000, (index) => ({ ...outage, peerAddress: `10.0.${index % 200}.1:1` }));
    const levels = () => logger.events.map(({ level }) => level);
    assert.deepEqual(levels().filter((level) => level === "error").length, 1);
    assert.equal(written(), 121);
    await clock.advance(4 * 60_000);
    refuse(1, () => outage);
    assert.equal(levels().filter((level) => level === "error").length, 1);
    await clock.advance(6 * 60_000);
    refuse(1, () => outage);
    assert.equal(levels().filter((level) => level === "error").length, 2);
  });
});
