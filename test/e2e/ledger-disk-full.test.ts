import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OverviewMessage } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { runbookCommands } from "../harness/runbook/sections.ts";
import { mayMountDisks, SmallDiskCa } from "../harness/small-disk.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

const callers = 20;
/** Set `KASBAH_FULL_SECONDS=60` for the long run. */
const fullMs = Number(process.env["KASBAH_FULL_SECONDS"] ?? 8) * 1_000;

/** The output of the commands for a machine in the runbook, with the addresses of this test. */
async function runbookSays(ca: CaProcess): Promise<string> {
  const commands = runbookCommands("disk-full").filter((command) => command.includes("$STATE_DIR"));
  assert.equal(commands.length, 1);
  const script = String(commands[0]).replace("localhost:15014", await ca.statusAddress());
  const env = { ...process.env, STATE_DIR: ca.stateDir };
  const { status, stdout, stderr } = spawnSync(
    "nsenter",
    ["--mount", "--target", String(ca.pid), "sh", "-ec", script],
    { env, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

describe("Ledger on a disk that fills up under load", function () {
  this.timeout(180_000);
  let directory: TemporaryDirectory;
  let crowd: Callers;
  let flags: readonly string[];

  before(async function () {
    if (!mayMountDisks()) {
      process.stdout.write("      skipped: needs a separate small file system; run as root on Linux\n");
      this.skip();
    }
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    // All callers share one pod, and call as fast as they can.
    flags = [...issuer.flags, "--default-rate", "0"];
    crowd = await Callers.start(callers, await mintDemoToken(issuer.tokens, "frontend"));
  });

  after(async () => {
    await crowd?.stop();
    await directory?.remove();
  });

  function startOnSmallDisk() {
    const disk = new SmallDiskCa(directory.join("disk"), { size: "8m", flags });
    const until = (what: string, isReady: boolean) => disk.untilReady(isReady, what);
    return { ca: disk.ca, disk, inside: () => disk.inside, until };
  }

  const meet = async (ca: CaProcess, inside: string) =>
    crowd.meet(
      (await ca.grpcAddress()).port,
      await readFile(join(inside, "state/public/root-cert.pem"), "utf8"),
    );

  it("reports a disk that was full before the first certificate as what it is, at once, and recovers without a call", async () => {
    const { ca, disk, inside, until } = startOnSmallDisk();
    try {
      await until("readiness", true);
      disk.fill();
      await meet(ca, inside());
      await untilSeen("a refusal", 30_000, () => (crowd.refused.size > 0 ? true : undefined));
      const { ready, reasons } = await ca.readiness();
      assert.equal(ready, false);
      assert.match(reasons.join(), /cannot be written: no space left on the device \(ENOSPC\)/);
      crowd.leave();
      assert.deepEqual([...crowd.refused.keys()], ["LEDGER_UNAVAILABLE"]);
      assert.deepEqual(crowd.received, []);
      const { out } = await runKasbahCommand(join(inside(), "state"), ["overview"]);
      const { ledger } = JSON.parse(out) as OverviewMessage;
      assert.deepEqual([ledger.writable, ledger.failure], [false, "no space left on the device (ENOSPC)"]);
      const said = await runbookSays(ca);
      assert.match(said, /"ready":false.*no space left/);
      assert.match(said, /^tmpfs .* 100% /m);
      assert.match(said, /^\d+\t.*\/ledger$/m);

      await disk.freeSpace();
      await until("readiness without a call", true);
      await meet(ca, inside());
      await untilSeen("a certificate", 30_000, () => (crowd.received.length > 0 ? true : undefined));
      crowd.leave();
    } finally {
      await ca.stop();
      crowd.received.length = 0;
      crowd.refused.clear();
      crowd.unknown = 0;
    }
  });

  it("refuses calls with LEDGER_UNAVAILABLE, issues nothing unrecorded, and recovers automatically when there is space", async () => {
    const { ca, disk, inside, until } = startOnSmallDisk();
    try {
      await until("readiness", true);
      await meet(ca, inside());
      await untilSeen("certificates", 30_000, () => (crowd.received.length > 50 ? true : undefined));

      disk.fill();
      await until("loss of readiness", false);
      assert.match(
        (await ca.readiness()).reasons.join(),
        /ledger: cannot be written: no space left on the device \(ENOSPC\)/,
      );
      await systemClock.sleep(1_000);
      const [before, refusedBefore] = [crowd.received.length, crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0];
      await systemClock.sleep(fullMs);
      assert.equal(
        crowd.received.length,
        before,
        "a certificate was issued although nothing could be written",
      );
      assert.ok((crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0) > refusedBefore);

      await disk.freeSpace();
      await until("readiness without a restart", true);
      await untilSeen("certificates again", 30_000, () =>
        crowd.received.length > before + 50 ? true : undefined,
      );
      await crowd.stop();
      const recorded = new Set(
        (await recordedIn(join(inside(), "state"))).map((entry) =>
          entry.kind === "issued" ? entry.serial : "",
        ),
      );
      assert.deepEqual(
        crowd.received.filter((serial) => !recorded.has(serial)),
        [],
      );
      assert.deepEqual([...crowd.refused.keys()], ["LEDGER_UNAVAILABLE"]);
      assert.equal(crowd.unknown, 0);
      process.stdout.write(
        `      ${crowd.received.length} certificates, ${crowd.refused.get("LEDGER_UNAVAILABLE")} refusals\n`,
      );
    } finally {
      await ca.stop();
    }
  });
});
