import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { freePort, type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { Callers } from "./ledger/callers.ts";
import { recordedIn } from "./ledger/recorded.ts";
import { repositoryRoot } from "./repository.ts";

const serverBin = join(repositoryRoot, "packages/ca-server/bin/kasbah-server.js");
const issuer = "https://issuer.test";
const callers = 20;
/** `KASBAH_FULL_SECONDS=60` for the long run. */
const fullMs = Number(process.env["KASBAH_FULL_SECONDS"] ?? 8) * 1_000;

describe("A ledger whose disk is full under load", function () {
  this.timeout(180_000);
  let directory: TemporaryDirectory;
  let crowd: Callers;

  before(async function () {
    const mayMount = process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0;
    if (!mayMount) {
      process.stdout.write("      needs a small file system of its own: run as root on Linux\n");
      this.skip();
    }
    directory = await temporaryDirectory();
    const tokens = await createTokenIssuer({ issuer });
    await tokens.save(directory.join("issuer"));
    const now = systemClock.now();
    const token = await tokens.mint({
      namespace: "demo",
      serviceAccount: "frontend",
      lifetimeMs: 3_600_000,
      now,
    });
    crowd = await Callers.start(callers, token);
  });

  after(async () => {
    await crowd?.stop();
    await directory?.remove();
  });

  it("refuses with LEDGER_UNAVAILABLE, issues nothing unrecorded, and recovers by itself when there is room", async () => {
    const [port, httpPort] = [await freePort(), await freePort()];
    const disk = directory.join("disk");
    const addresses = ["--grpc-address", `127.0.0.1:${port}`, "--http-address", `127.0.0.1:${httpPort}`];
    const issuerFlags = ["--jwks", directory.join("issuer", "jwks.json"), "--token-issuer", issuer];
    const server = [
      process.execPath,
      serverBin,
      "--state-dir",
      join(disk, "state"),
      ...addresses,
      ...issuerFlags,
    ];
    // In a mount namespace of its own, the file system goes with the process.
    const script = 'mkdir "$0" && mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"';
    const child = spawn("unshare", ["--mount", "sh", "-c", script, disk, ...server], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const ended = once(child, "exit");
    try {
      const ready = async () => {
        const answer = await fetch(`http://127.0.0.1:${httpPort}/healthz/ready`).catch(() => undefined);
        return { isReady: answer?.ok === true, text: (await answer?.text()) ?? "" };
      };
      const until = (what: string, isReady: boolean) =>
        untilSeen(what, 60_000, async () => ((await ready()).isReady === isReady ? true : undefined));
      await until("readiness", true);
      const inside = `/proc/${child.pid}/root${disk}`;
      crowd.meet(port, await readFile(join(inside, "state/public/root-cert.pem"), "utf8"));
      await untilSeen("certificates", 30_000, () => (crowd.received.length > 50 ? true : undefined));

      spawnSync("dd", ["if=/dev/zero", `of=${inside}/ballast`, "bs=4096"], { stdio: "ignore" });
      await until("an end of readiness", false);
      assert.match((await ready()).text, /ledger: can not be written/);
      await systemClock.sleep(1_000);
      const [before, refusedBefore] = [crowd.received.length, crowd.refused.get("LEDGER_UNAVAILABLE") ?? 0];
      await systemClock.sleep(fullMs);
      assert.equal(crowd.received.length, before, "a certificate left though nothing could be written");
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
      child.kill("SIGTERM");
      await ended;
    }
  });
});
