import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities/authorities-on-disk.fixture.ts";
import { backupState, restoreState } from "./backup.ts";
import { readOfflineStatus } from "./offline-status.ts";

describe("Backup of the CA", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.join("ca"), clock });
  });
  afterEach(() => directory.remove());

  const file = () => directory.join("backup");
  const backup = (passphraseFile?: string) =>
    backupState(directory.join("ca"), file(), { now: clock.now(), passphraseFile });
  const restore = (name = "restored") =>
    restoreState(directory.join(name), file(), {
      now: clock.now(),
      maxTtlMs: 90 * dayMs,
      holder: { pid: 1, hostname: "here", clock },
    });

  it("never replaces a file with a backup, and writes a backup readable only by its owner", async () => {
    await backup();
    assert.equal((await stat(file())).mode & 0o777, 0o600);
    await rejectsWithCode(backup(), "BACKUP_EXISTS");
  });

  it("rejects a backup that was truncated anywhere or altered, and restores nothing", async () => {
    await backup();
    const whole = await readFile(file(), "utf8");
    for (let length = 0; length < whole.length - 1; length += 97) {
      await writeFile(file(), whole.slice(0, length));
      await rejectsWithCode(restore(), "BACKUP_MALFORMED");
    }
    for (const altered of [
      whole.replace("root-1", "root-2"),
      whole.replace('"version": 1', '"version": 2'),
      whole.replace("kasbah-backup", "other"),
      "[]",
      "null",
    ]) {
      await writeFile(file(), altered);
      const { message, cause } = await rejectsWithCode(restore(), "BACKUP_MALFORMED");
      assert.doesNotMatch(`${message} ${String(cause)}`, /PRIVATE KEY/);
    }
    await assert.rejects(readdir(directory.join("restored")));
  });

  it("refuses to restore over an existing or running CA", async () => {
    await backup();
    await rejectsWithCode(restore("ca"), "STATE_IN_USE");
    assert.deepEqual(ca.keeper.state.restoredAt, undefined);
  });

  it("encrypts the keys in the file with a passphrase, and leaves the CA's own keys unchanged", async () => {
    await writeFile(directory.join("passphrase"), "open\n", { mode: 0o600 });
    const { encrypted } = await backup(directory.join("passphrase"));
    assert.ok(encrypted);
    assert.doesNotMatch(await readFile(file(), "utf8"), /BEGIN PRIVATE KEY/);
    const key = await readFile(directory.join("ca", "authorities", "root-1", "ca-key.pem"), "utf8");
    assert.match(key, /^-----BEGIN PRIVATE KEY/);
    await restore();
    await rejectsWithCode(openOnDisk({ path: directory.join("restored"), clock }), "KEY_PASSPHRASE_MISSING");
  });

  it("keeps the roots after a restore, reports the restore, and trusts every authority for as long as an unknown leaf may be valid", async () => {
    await backup();
    await restore();
    const { keeper, logger } = await openOnDisk({ path: directory.join("restored"), clock });
    const { state } = keeper;
    assert.deepEqual(
      state.authorities.map(({ id, certificate }) => [id, certificate.fingerprint]),
      ca.keeper.state.authorities.map(({ id, certificate }) => [id, certificate.fingerprint]),
    );
    assert.ok(state.epoch > ca.keeper.state.epoch);
    for (const { leafHorizon } of state.authorities) {
      assert.equal(leafHorizon.getTime(), clock.now().getTime() + 90 * dayMs);
    }
    assert.equal(logger.named("this CA was restored from a backup").length, 1);
    const { warnings } = await readOfflineStatus(directory.join("restored"), clock.now());
    assert.ok(warnings.some((text) => text.includes("restored from a backup")));
  });

  it("continues in the same stage after the restore of a backup taken during a rotation", async () => {
    const { keeper, driver } = ca;
    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await driver.rotate("root");
    await backup();
    await restore();
    const restored = await openOnDisk({ path: directory.join("restored"), clock });
    assert.equal(restored.keeper.state.rotation?.stage, "distributed");
    assert.equal(restored.keeper.trustBundle().hash, keeper.trustBundle().hash);
    clock.jump(80 * dayMs);
    await restored.driver.look(false);
    assert.equal(restored.keeper.state.rotation?.stage, "distributed", "unknown leaves may be valid");
    clock.jump(11 * dayMs);
    await restored.driver.look(false);
    assert.equal(restored.keeper.state.signerId, "intermediate-2");
  });
});
