import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

const callers = 20;
/** Set `KASBAH_FULL_SECONDS=60` for the long run. */
const fullMs = Number(process.env["KASBAH_FULL_SECONDS"] ?? 8) * 1_000;

describe("Ledger on a disk that fills up under load", function () {
  this.timeout(180_000);
  let directory: TemporaryDirectory;
  let crowd: Callers;
  let flags: readonly string[];

  before(async function () {
    const mayMount = process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0;
    if (!mayMount) {
      process.stdout.write("      skipped: needs a separate small file system; run as root on Linux\n");
      this.skip();
    }
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    flags = issuer.flags;
    crowd = await Callers.start(callers, await mintDemoToken(issuer.tokens, "frontend"));
  });

  after(async () => {
    await crowd?.stop();
    await directory?.remove();
  });

  it("refuses calls with LEDGER_UNAVAILABLE, issues nothing unrecorded, and recovers automatically when there is space", async () => {
    const disk = directory.join("disk");
    // In its own mount namespace, the file system disappears with the process.
    const script = 'mkdir "$0" && mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"';
    const within = ["unshare", "--mount", "sh", "-c", script, disk];
    const ca = new CaProcess({ stateDir: join(disk, "state"), flags, within });
    try {
      const until = (what: string, isReady: boolean) =>
        ca.until(what, async () => (await ca.isReady()) === isReady);
      await until("readiness", true);
      const inside = `/proc/${ca.pid}/root${disk}`;
      crowd.meet(
        (await ca.grpcAddress()).port,
        await readFile(join(inside, "state/public/root-cert.pem"), "utf8"),
      );
      await untilSeen("certificates", 30_000, () => (crowd.received.length > 50 ? true : undefined));

      spawnSync("dd", ["if=/dev/zero", `of=${inside}/ballast`, "bs=4096"], { stdio: "ignore" });
      await until("loss of readiness", false);
      assert.match((await ca.readiness()).reasons.join(), /ledger: cannot be written/);
      await systemClock.sleep(1_000);
      const [before, refusedBefore] = [crowd.received.length, crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0];
      await systemClock.sleep(fullMs);
      assert.equal(
        crowd.received.length,
        before,
        "a certificate was issued although nothing could be written",
      );
      assert.ok((crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0) > refusedBefore);

      await rm(join(inside, "ballast"));
      await until("readiness without a restart", true);
      await untilSeen("certificates again", 30_000, () =>
        crowd.received.length > before + 50 ? true : undefined,
      );
      await crowd.stop();
      const recorded = new Set(
        (await recordedIn(join(inside, "state"))).map((entry) =>
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
