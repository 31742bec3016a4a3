import assert from "node:assert/strict";
import type { IssuedEntry } from "@kasbah/ledger";
import { type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { issuedEntry } from "../entries/issued-entry.ts";
import { issuanceFacts } from "../issuance-facts.fixture.ts";
import { Alarms } from "./alarms.ts";

describe("Alarms", () => {
  let entry: IssuedEntry;
  let raised: string[];
  let logger: RecordingLogger;
  let alarms: Alarms;

  before(async () => {
    entry = issuedEntry(await issuanceFacts());
  });

  beforeEach(() => {
    [raised, logger] = [[], recordingLogger()];
    alarms = new Alarms({
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

  it("raises one alarm for each further address of a token, and no more than seven", () => {
    for (let round = 0; round < 3; round += 1)
      for (let host = 0; host < 20; host += 1) alarms.look(withToken("ab", `10.0.0.${host}:1`));
    assert.equal(raised.length, 7);
  });

  it("raises no alarm for a pod with an IPv4 and an IPv6 address", () => {
    for (const address of ["10.0.0.1:1", "2001:db8::1:443", "10.0.0.1:2", "2001:db8::1:444"])
      alarms.look(withToken("ab", address));
    assert.deepEqual(raised, []);
    alarms.look(withToken("ab", "2001:db8::2:444"));
    assert.equal(raised.length, 1);
  });
});
