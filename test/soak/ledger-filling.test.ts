import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { encodeEntry, ledgerDirectoryAt, listSegments } from "@kasbah/ledger";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { issued, spiffe } from "@kasbah/testkit/ledger";
import { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { openTrialLedger } from "../harness/ledger/ledger-trial.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { mayMountDisks } from "../harness/small-disk.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

const volumeMiB = 160;
/** Almost all of the volume, in entries of 6 kB. */
const entries = 23_000;
const atOnce = 250;
const withinMs = 400_000;
/** Each is about 1.5 kB, so these need more than what the limit leaves when they begin. */
const certificates = 3_000;

describe("CA whose ledger fills its volume", function () {
  this.timeout(900_000);
  let directory: TemporaryDirectory;
  let stateDir: string;
  let flags: readonly string[];
  let crowd: Callers;
  let isMounted = false;

  before(async function () {
    if (!mayMountDisks()) {
      process.stdout.write("      skipped: needs a separate small file system; run as root on Linux\n");
      this.skip();
    }
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    flags = [...issuer.flags, "--default-rate", "0"];
    const volume = directory.join("volume");
    mkdirSync(volume);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${volumeMiB}m`, "tmpfs", volume]);
    isMounted = true;
    stateDir = join(volume, "state");
    crowd = await Callers.start(16, await mintDemoToken(issuer.tokens, "frontend"));
  });
  after(async () => {
    await crowd?.stop();
    if (isMounted) execFileSync("umount", [directory.join("volume")]);
    await directory?.remove();
  });

  /** Fills the ledger of the stopped CA with large entries, as an attacker would have over days. */
  async function fillLedger(): Promise<void> {
    const { ledger, stop } = await openTrialLedger(stateDir, { now: new Date().toISOString() });
    try {
      const line = () => encodeEntry(issued({ rule: "x".repeat(5_000), spiffeId: spiffe("greedy") }));
      for (let done = 0; done < entries; done += atOnce)
        await Promise.all(Array.from({ length: atOnce }, () => ledger.log.append(line())));
    } finally {
      await stop();
    }
  }

  /** Whether the CA has deleted the oldest entries. It measures its ledger from time to time, not at each entry. */
  async function isPruned(): Promise<boolean> {
    const [oldest] = await listSegments(ledgerDirectoryAt(join(stateDir, "ledger")).segments);
    return oldest !== undefined && oldest.first > 0;
  }

  it("issues every certificate while it deletes the oldest entries, and its ledger verifies", async () => {
    const first = new CaProcess({ stateDir, flags });
    await first.untilReady();
    await first.stop();
    await fillLedger();

    const ca = new CaProcess({ stateDir, flags });
    try {
      await ca.untilReady();
      crowd.meet((await ca.grpcAddress()).port, await ca.rootPem());
      await untilSeen("certificates", withinMs, () => crowd.received.length >= certificates || undefined);
      await untilSeen("a deletion", withinMs, async () => (await isPruned()) || undefined);
      await crowd.stop();
      const deleted = await ca.metric("kasbah_ledger_bytes");
      assert.ok(deleted !== undefined && deleted < volumeMiB * 1024 ** 2);
      assert.match(
        ((await ca.readiness()).warnings ?? []).join(),
        /the ledger takes \d+ MiB of at most \d+ MiB/,
      );
    } finally {
      await ca.stop();
    }
    assert.deepEqual([...crowd.refused], [], "no request was refused");
    assert.equal(crowd.unknown, 0);
    const recorded = await recordedIn(stateDir);
    const serials = new Set(recorded.map((entry) => (entry.kind === "issued" ? entry.serial : "")));
    assert.deepEqual(
      crowd.received.filter((serial) => !serials.has(serial)),
      [],
    );
    const pruned = recorded.filter((entry) => entry.kind === "operator" && entry.act === "ledger-pruned");
    assert.ok(pruned.length > 0);
    const { code, out } = await runKasbahCommand(stateDir, ["audit", "verify"]);
    assert.equal(code, 0, out);
    assert.match(out, /retention removed \d+ entries/);
    process.stdout.write(
      `      ${crowd.received.length} certificates, ${pruned.length} times entries were deleted\n`,
    );
  });
});
