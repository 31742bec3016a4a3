import assert from "node:assert/strict";
import type { IssuedEntry } from "@kasbah/ledger";
import {
  FakeClock,
  type ManualSweep,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
} from "@kasbah/testkit";
import { issuedEntry } from "../entries/issued-entry.ts";
import { issuanceFacts } from "../issuance-facts.fixture.ts";
import { NewNames } from "./new-names.ts";

describe("NewNames", () => {
  let entry: IssuedEntry;
  let known: Set<string> | undefined;
  let counted: number;
  let logger: RecordingLogger;
  let clock: FakeClock;
  let hour: ManualSweep;
  let names: NewNames;

  before(async () => {
    entry = issuedEntry(await issuanceFacts());
  });

  beforeEach(async () => {
    [known, counted, logger, clock, hour] = [new Set(), 0, recordingLogger(), new FakeClock(), manualSweep()];
    const onNewName = () => {
      counted += 1;
    };
    const isNameKnown = (spiffeId: string) => known?.has(spiffeId);
    names = new NewNames({ isNameKnown, onNewName, sweep: hour.sweep, clock, logger });
    await names.start();
  });

  afterEach(() => names.stop());

  const issue = (spiffeId: string) => names.look({ ...entry, spiffeId });
  const lines = () => logger.named("first certificate of a name").map(({ facts }) => facts["spiffeId"]);
  const summaries = () => logger.named("more first certificates of names than are logged one by one");

  it("logs the first certificate of a name on a quiet day, once, and never as a warning", () => {
    known?.add("spiffe://a/ns/shop/sa/old");
    for (const name of ["old", "new", "new"]) issue(`spiffe://a/ns/shop/sa/${name}`);
    hour.tick();
    assert.deepEqual(lines(), ["spiffe://a/ns/shop/sa/new"]);
    assert.deepEqual([counted, logger.events.length], [1, 1]);
    assert.equal(logger.events[0]?.level, "info");
  });

  it("summarizes the names of a first day or a large deployment, and names the next one on a quiet day", async () => {
    for (let index = 0; index < 1_000; index += 1) issue(`spiffe://a/ns/ns-${index % 2}/sa/${index}`);
    hour.tick();
    hour.tick();
    assert.equal(lines().length, 10);
    assert.equal(counted, 1_000);
    assert.deepEqual(
      summaries().map(({ level, facts }) => [level, facts]),
      [["info", { count: 990, namespaces: ["ns-0 (495)", "ns-1 (495)"] }]],
    );
    await clock.advance(3_600_000);
    issue("spiffe://a/ns/shop/sa/later");
    assert.equal(lines().at(-1), "spiffe://a/ns/shop/sa/later");
  });

  it("reports no name as new while the index is incomplete", () => {
    known = undefined;
    issue("spiffe://a/ns/shop/sa/any");
    assert.deepEqual([counted, logger.events.length], [0, 0]);
  });
});
