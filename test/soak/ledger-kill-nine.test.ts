import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ledgerDirectoryAt, parseVerifierKey, verifyLedger } from "@kasbah/ledger";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

/** `KASBAH_KILLS=200` for the long run. */
const kills = Number(process.env["KASBAH_KILLS"] ?? 25);
const callers = 50;
/** After the CA became ready: from the first calls on their way to many. */
const longestLifeMs = 400;

describe("A ledger whose CA is killed at any moment, with fifty callers at its door", function () {
  this.timeout(1_200_000);
  let directory: TemporaryDirectory;
  let crowd: Callers;
  let flags: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    flags = issuer.flags;
    crowd = await Callers.start(callers, await mintDemoToken(issuer.tokens, "frontend"));
  });

  after(async () => {
    await crowd.stop();
    await directory.remove();
  });

  /** One life of the CA; the callers know it from its first moment on. */
  async function live(work: () => Promise<void>): Promise<void> {
    const ca = new CaProcess({ stateDir: directory.join("state"), flags });
    await ca.untilReady();
    crowd.meet((await ca.grpcAddress()).port, await ca.rootPem());
    await work();
    await ca.kill();
    assert.deepEqual(await ca.exited, { code: null, signal: "SIGKILL" });
    crowd.leave();
  }

  it(`holds after ${kills} kills every certificate that a caller received, each once, and little that none did`, async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      await live(async () => {
        // Half of the lives end at any moment, the others once some callers were served, however slow the machine is.
        const enough = kill % 2 === 0 ? 0 : crowd.received.length + 12;
        await untilSeen("certificates", 60_000, async () => crowd.received.length >= enough || undefined);
        // Spread evenly over the life: the two numbers have no divisor in common.
        await systemClock.sleep((kill * 61) % longestLifeMs);
      });
    }
    await crowd.stop();
    const serials = (await recordedIn(directory.join("state"))).flatMap((entry) =>
      entry.kind === "issued" ? [entry.serial] : [],
    );
    const recorded = new Set(serials);
    assert.equal(recorded.size, serials.length, "no serial twice");
    assert.equal(new Set(crowd.received).size, crowd.received.length);
    assert.deepEqual(
      crowd.received.filter((serial) => !recorded.has(serial)),
      [],
    );
    const unreceived = recorded.size - crowd.received.length;
    process.stdout.write(
      `      ${crowd.received.length} certificates received, ${unreceived} more on record, ${crowd.unknown} calls without an end\n`,
    );
    assert.ok(unreceived <= crowd.unknown, `${unreceived} entries, ${crowd.unknown} calls without an end`);
    assert.ok(crowd.received.length > kills * 5);
    assert.ok(crowd.unknown > 0, "no kill came in the middle of a call");
  });

  it("is one tree afterwards, and all of it is signed for after one more start", async () => {
    await live(async () => {});
    const ledger = ledgerDirectoryAt(directory.join("state", "ledger"));
    const verifier = parseVerifierKey((await readFile(ledger.verifierKey, "utf8")).trim());
    const { findings, size, signed } = await verifyLedger({ directory: ledger, verifier });
    assert.deepEqual(findings, []);
    // What a start itself records is signed for a second later.
    assert.ok(signed > size - 10, `${signed} of ${size}`);
  });
});
