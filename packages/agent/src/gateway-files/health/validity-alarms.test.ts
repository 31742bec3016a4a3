import assert from "node:assert/strict";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import type { FileNameReport } from "./judge.ts";
import { ValidityAlarms } from "./validity-alarms.ts";

const start = new Date("2030-01-01T00:00:00Z");
const hourMs = 3_600_000;

describe("ValidityAlarms", () => {
  let clock: FakeClock;
  let reports: FileNameReport[];
  let alarms: ValidityAlarms;
  const logger = recordingLogger;
  let log: ReturnType<typeof logger>;

  beforeEach(() => {
    clock = new FakeClock(start);
    log = logger();
    reports = [];
    alarms = new ValidityAlarms({ names: { reports: () => reports }, clock, logger: log });
  });
  afterEach(() => alarms.stop());

  const serve = (name: string, hours: number) => {
    const served = {
      kind: "pair",
      serial: `${name}${clock.now().getTime()}`,
      certificates: 1,
      notBefore: clock.now(),
      notAfter: new Date(clock.now().getTime() + hours * hourMs),
    } as const;
    reports = [...reports.filter((one) => one.name !== name), { name, served, failure: undefined }];
    alarms.lookAt(name, served);
  };
  const logged = () => log.events.map(({ level, facts }) => [level, facts["resource"] ?? facts["more"]]);

  it("logs once when a fifth of the lifetime is left, and once more at the expiry", async () => {
    alarms.start();
    serve("shop", 10);
    await clock.advance(7.9 * hourMs);
    assert.deepEqual(logged(), []);
    await clock.advance(0.2 * hourMs);
    assert.deepEqual(logged(), [["warn", "shop"]]);
    await clock.advance(2 * hourMs);
    assert.deepEqual(logged(), [
      ["warn", "shop"],
      ["error", "shop"],
    ]);
    await clock.advance(24 * hourMs);
    assert.equal(logged().length, 2);
  });

  it("logs a certificate that has expired when it is loaded, and the next one again", async () => {
    serve("shop", -1);
    alarms.look();
    assert.deepEqual(logged(), [["error", "shop"]]);
    clock.jump(1_000);
    serve("shop", -2);
    assert.equal(logged().length, 2);
  });

  it("stays silent about a certificate that is renewed in time", async () => {
    alarms.start();
    for (let renewal = 0; renewal < 20; renewal += 1) {
      serve("shop", 10);
      await clock.advance(6 * hourMs);
    }
    assert.deepEqual(logged(), []);
  });

  it("logs 20 of 1,500 certificates that expire together, and the number of the others", async () => {
    for (let made = 0; made < 1_500; made += 1) serve(`host-${made}`, 10);
    alarms.start();
    await clock.advance(10 * hourMs);
    const lines = logged();
    assert.equal(lines.length, 42);
    assert.deepEqual(lines[20], ["warn", 1_480]);
  });
});
