import assert from "node:assert/strict";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../../authorities/authorities-on-disk.fixture.ts";
import { readOfflineStatus } from "../offline-status.ts";
import { backupState } from "./backup.ts";
import { restoreState } from "./restore.ts";

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

  /** Replaces the root, and passes the time until the old one has retired. */
  const retireRoot = async () => {
    await ca.driver.rotate("root");
    for (let looks = 0; looks < 4; looks++) await ca.driver.look(false);
    assert.equal(ca.keeper.state.authorities[0]?.stage, "retired");
  };
  const reopen = () => openOnDisk({ path: directory.join("restored"), clock });

  it("contains what a recall needs: a restored CA recalls a root that had retired before the backup", async () => {
    await retireRoot();
    await backup();
    await restore();
    const restored = await reopen();
    const { rotation } = await restored.driver.recall("root-1");
    assert.equal(rotation?.to, "root-1");
    clock.suspend(100 * dayMs);
    await restored.driver.look(false);
    assert.equal(restored.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
  });

  it("contains the keys of outstanding CSRs, so that their signed chains can still be adopted", async () => {
    const { id } = await ca.requests.create();
    const key = (name: string) => readFile(directory.join(name, "authorities", id, "ca-key.pem"), "utf8");
    await backup();
    await restore();
    assert.equal(await key("restored"), await key("ca"));
    assert.deepEqual(
      (await reopen()).keeper.state.requests.open.map((one) => one.id),
      [id],
    );
  });

  it("forgets outstanding CSRs whose keys the backup does not contain, since no chain for them can be adopted", async () => {
    const { id } = await ca.requests.create();
    await rm(directory.join("ca", "authorities", id), { recursive: true });
    await backup();
    await restore();
    const restored = await reopen();
    assert.deepEqual(restored.keeper.state.requests.open, []);
    assert.equal((await restored.requests.create()).id, "request-2");
  });

  it("backs up and restores a CA whose retired keys are gone, and says that they cannot be recalled", async () => {
    await retireRoot();
    for (const id of ["root-1", "intermediate-1"])
      await rm(directory.join("ca", "authorities", id, "ca-key.pem"));
    const { authorities } = await backup();
    assert.deepEqual(authorities, ["root-2", "intermediate-2"]);
    await restore();
    const restored = await reopen();
    assert.equal(restored.driver.status().authorities[0]?.keyKeptUntil, undefined);
    await rejectsWithCode(restored.driver.recall("root-1"), "OPERATION_REFUSED");
    await restored.driver.look(true);
  });

  it("fails if the key of an authority that signs is missing", async () => {
    await rm(directory.join("ca", "authorities", "intermediate-1", "ca-key.pem"));
    await rejectsWithCode(backup(), "AUTHORITY_INCOMPLETE");
  });
});
