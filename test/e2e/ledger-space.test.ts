import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { Callers } from "../harness/ledger-callers.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { mayMountDisks, SmallDiskCa } from "../harness/small-disk.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

const withinMs = 60_000;

describe("Operator's command to a CA whose disk is full", function () {
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
    flags = [...issuer.flags, "--default-rate", "0"];
    crowd = await Callers.start(4, await mintDemoToken(issuer.tokens, "frontend"));
  });
  after(async () => {
    await crowd?.stop();
    await directory?.remove();
  });

  it("runs and is recorded while requests are refused, and issuance never uses the space that is reserved for it", async () => {
    const disk = new SmallDiskCa(directory.join("disk"), { size: "32m", flags });
    const { ca } = disk;
    try {
      await disk.untilReady(true);
      crowd.meet(
        (await ca.grpcAddress()).port,
        await readFile(join(disk.stateDir, "public/root-cert.pem"), "utf8"),
      );
      await untilSeen("certificates", withinMs, () => crowd.received.length > 10 || undefined);
      disk.fill();
      await untilSeen("refusals", withinMs, () => crowd.refused.size > 0 || undefined);
      await disk.untilReady(false);
      const { length } = crowd.received;

      for (const act of ["pause", "resume", "pause"]) {
        const { code, err } = disk.kasbah("authority", act);
        assert.equal(code, 0, err);
      }
      const refusals = crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0;
      const more = () => (crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0) > refusals + 20 || undefined;
      await untilSeen("further refusals", withinMs, more);
      assert.equal(crowd.received.length, length, "issuance used the reserve");
      const acts = (await recordedIn(disk.stateDir)).flatMap((entry) =>
        entry.kind === "operator" && /pause|resume/.test(entry.act) ? [`${entry.act} ${entry.outcome}`] : [],
      );
      assert.deepEqual(acts, ["pause accepted", "resume accepted", "pause accepted"]);

      await disk.freeSpace();
      await disk.untilReady(true);
      await untilSeen("a certificate", withinMs, () => crowd.received.length > length || undefined);
      crowd.leave();
      assert.match(disk.kasbah("authority", "status").out, /paused/);
      const verified = disk.kasbah("audit", "verify");
      assert.equal(verified.code, 0, verified.out);
      assert.equal(crowd.unknown, 0);
    } finally {
      await ca.stop();
    }
  });
});
