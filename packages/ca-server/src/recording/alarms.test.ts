import assert from "node:assert/strict";
import type { IssuedEntry } from "@kasbah/ledger";
import { type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { Alarms } from "./alarms.ts";
import { issuedEntry } from "./entries/issued-entry.ts";
import { issuanceFacts } from "./issuance-facts.fixture.ts";

describe("Alarms", () => {
  let entry: IssuedEntry;
  let raised: string[];
  let known: Set<string> | undefined;
  let logger: RecordingLogger;
  let alarms: Alarms;

  before(async () => {
    entry = issuedEntry(await issuanceFacts());
  });

  beforeEach(() => {
    [raised, known, logger] = [[], new Set([entry.spiffeId]), recordingLogger()];
    alarms = new Alarms({
      isNameKnown: (spiffeId) => known?.has(spiffeId),
      onAlarm: (alarm) => raised.push(alarm),
      logger,
    });
  });

  const withToken = (tokenIdHash: string | undefined, peerAddress: string): IssuedEntry => ({
    ...entry,
    peerAddress,
    caller: { ...entry.caller, tokenIdHash },
  });

  it("raises an alarm when one token comes from two addresses, and logs the certificate", () => {
    alarms.look(withToken("ab", "10.0.0.1:1"));
    alarms.look(withToken("ab", "10.0.0.1:2"));
    assert.deepEqual(raised, []);
    alarms.look(withToken("ab", "10.0.0.2:1"));
    assert.deepEqual(raised, ["token_from_two_addresses"]);
    assert.equal(logger.events[0]?.facts["serial"], entry.serial);
  });

  it("raises no alarm for two tokens, or for a token without an id", () => {
    alarms.look(withToken("ab", "10.0.0.1:1"));
    alarms.look(withToken("cd", "10.0.0.2:1"));
    alarms.look(withToken(undefined, "10.0.0.1:1"));
    alarms.look(withToken(undefined, "10.0.0.2:1"));
    assert.deepEqual(raised, []);
  });

  it("raises one alarm for a name that is new, and none while the index is incomplete", () => {
    alarms.look(entry);
    assert.deepEqual(raised, []);
    const stranger = { ...entry, spiffeId: `${entry.spiffeId}-2` };
    known = undefined;
    alarms.look({ ...entry, spiffeId: `${entry.spiffeId}-3` });
    known = new Set();
    alarms.look(stranger);
    alarms.look(stranger);
    assert.deepEqual(raised, ["name_new_in_namespace"]);
  });
});
