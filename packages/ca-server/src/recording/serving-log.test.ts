import assert from "node:assert/strict";
import { servingFactsOf } from "@kasbah/ledger";
import { createTestAuthority, eventually, FakeClock, manualSweep, recordingLogger } from "@kasbah/testkit";
import { MemoryLedger } from "./memory-ledger.fixture.ts";
import { ServingLog } from "./serving-log.ts";

describe("ServingLog", () => {
  const open = async () => {
    const ledger = new MemoryLedger();
    const logger = recordingLogger();
    const minute = manualSweep();
    const log = new ServingLog({ log: ledger.log, sweep: minute.sweep, clock: new FakeClock(), logger });
    await log.start();
    const { certificate } = await createTestAuthority("cluster.local");
    const record = () => log.record(certificate, certificate);
    const fingerprints = () => ledger.entries.map((entry) => servingFactsOf(entry)?.fingerprint);
    return { ledger, log, logger, minute, certificate, record, fingerprints };
  };

  it("records a certificate as an operation, which earlier releases can read", async () => {
    const { ledger, certificate, record } = await open();
    await record();
    const [entry] = ledger.entries;
    assert.ok(entry?.kind === "operator");
    assert.equal(entry.act, "issue-serving-certificate");
    const { serial, fingerprint } = certificate;
    assert.deepEqual(servingFactsOf(entry), {
      serial,
      fingerprint,
      spkiHash: certificate.publicKey.hash,
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
      authority: fingerprint,
      names: "",
    });
  });

  it("does not reject if the ledger cannot be written, and records every certificate once it can", async () => {
    const { ledger, logger, record, minute, fingerprints, certificate } = await open();
    ledger.isDown = true;
    await record();
    await record();
    assert.deepEqual(fingerprints(), []);
    assert.equal(
      logger.named("serving certificate will be recorded when the ledger can be written").length,
      2,
    );
    minute.tick();
    ledger.isDown = false;
    minute.tick();
    await eventually(() => fingerprints().length === 2);
    await record();
    assert.deepEqual(fingerprints(), Array(3).fill(certificate.fingerprint));
  });

  it("records the waiting certificates before it stops", async () => {
    const { ledger, log, record, fingerprints } = await open();
    ledger.isDown = true;
    await record();
    ledger.isDown = false;
    await log.stop();
    assert.equal(fingerprints().length, 1);
  });
});
