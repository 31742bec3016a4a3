import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ledgerDirectoryAt, parseVerifierKey, verifyLedger } from "@kasbah/ledger";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

/** Set `KASBAH_KILLS=200` for the long run. */
const kills = Number(process.env["KASBAH_KILLS"] ?? 25);
const callers = 50;
/** The longest run after the CA is ready: between few and many calls are in flight when it is killed. */
const longestRunMs = 400;

describe("Ledger of a CA that is killed at random moments while fifty callers request certificates", function () {
  this.timeout(1_200_000);
  let directory: TemporaryDirectory;
  let crowd: Callers;
  let flags: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    // All callers share one pod, and call as fast as they can.
    flags = [...issuer.flags, "--default-rate", "0"];
    crowd = await Callers.start(callers, await mintDemoToken(issuer.tokens, "frontend"));
  });

  after(async () => {
    await crowd.stop();
    await directory.remove();
  });

  /** One run of the CA; the callers know its address from the start. */
  async function live(work: () => Promise<void>): Promise<void> {
    const ca = new CaProcess({ stateDir: directory.join("state"), flags });
    await ca.untilReady();
    crowd.meet((await ca.grpcAddress()).port, await ca.rootPem());
    await work();
    await ca.kill();
    assert.deepEqual(await ca.exited, { code: null, signal: "SIGKILL" });
    crowd.leave();
  }

  it(`contains after ${kills} kills every certificate that a caller received, each exactly once, and few others`, async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      await live(async () => {
        // Half of the runs are killed at any moment, the others after some callers were served, however slow
        // the machine is.
        const enough = kill % 2 === 0 ? 0 : crowd.received.length + 12;
        await untilSeen("certificates", 60_000, async () => crowd.received.length >= enough || undefined);
        // Spreads the kills evenly over the run: the two numbers are coprime.
        await systemClock.sleep((kill * 61) % longestRunMs);
      });
    }
    await crowd.stop();
    const serials = (await recordedIn(directory.join("state"))).flatMap((entry) =>
      entry.kind === "issued" ? [entry.serial] : [],
    );
    const recorded = new Set(serials);
    assert.equal(recorded.size, serials.length, "expected unique serials");
    assert.equal(new Set(crowd.received).size, crowd.received.length);
    assert.deepEqual(
      crowd.received.filter((serial) => !recorded.has(serial)),
      [],
    );
    const unreceived = recorded.size - crowd.received.length;
    process.stdout.write(
      `      ${crowd.received.length} certificates received, ${unreceived} more in the ledger, ${crowd.unknown} calls without a reply\n`,
    );
    assert.ok(
      unreceived <= crowd.unknown,
      `${unreceived} unreceived entries, ${crowd.unknown} calls without a reply`,
    );
    assert.ok(crowd.received.length > kills * 5);
    assert.ok(crowd.unknown > 0, "no kill interrupted a call");
  });

  it("forms a single tree afterwards, and is fully covered by a signed checkpoint after another start", async () => {
    await live(async () => {});
    const ledger = ledgerDirectoryAt(directory.join("state", "ledger"));
    const verifier = parseVerifierKey((await readFile(ledger.verifierKey, "utf8")).trim());
    const { findings, size, signed } = await verifyLedger({ directory: ledger, verifier });
    assert.deepEqual(findings, []);
    // The entries that the start itself appends are signed a second later.
    assert.ok(signed > size - 10, `${signed} of ${size}`);
  });
});
