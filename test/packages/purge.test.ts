import assert from "node:assert/strict";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { withoutPrograms } from "../harness/machine/packages.ts";

describe("Purge of the Debian package", function () {
  this.timeout(300_000);
  let machine: Machine;

  before(async function () {
    const missing = whyNoMachine();
    if (missing !== undefined) {
      process.stdout.write(`      skipping: ${missing}\n`);
      this.skip();
    }
    machine = await Machine.boot();
  });
  after(() => machine?.[Symbol.asyncDispose]());

  const install = async () => machine.install(await withoutPrograms());
  const purge = (answer?: string) =>
    machine.run("dpkg --purge kasbah 2>&1", answer === undefined ? {} : { KASBAH_PURGE_KEYS: answer });
  const exists = async (path: string) => (await machine.try(`test -e ${path}`)).code === 0;

  it("keeps the operator's keys in /etc/kasbah without an answer, even if no CA has run", async () => {
    await install();
    await machine.write("/etc/kasbah/root/ca-key.pem", "a key");
    assert.match(await purge(), /kasbah: kept /);
    assert.equal(await machine.read("/etc/kasbah/root/ca-key.pem"), "a key");
    assert.equal(await exists("/etc/kasbah/server.env"), false);
    await machine.run("rm -r /etc/kasbah");
  });

  it("keeps or deletes the keys behind a link to another disk, as the answer says", async () => {
    const move =
      "mv /var/lib/kasbah /srv/kasbah && ln -s /srv/kasbah /var/lib/kasbah && touch /srv/kasbah/key";
    await install();
    await machine.run(move);
    assert.match(await purge(), /kasbah: kept /);
    assert.equal(await exists("/var/lib/kasbah/key"), true);
    await install();
    await purge("yes");
    assert.deepEqual(await Promise.all(["/var/lib/kasbah", "/srv/kasbah/key"].map(exists)), [false, false]);
  });

  it("deletes the keys in a mount point, and succeeds although the mount point stays", async () => {
    await install();
    await machine.run("mount -t tmpfs none /var/lib/kasbah && touch /var/lib/kasbah/key");
    assert.match(await purge("yes"), /kasbah: \/var\/lib\/kasbah is empty, but it cannot be removed/);
    assert.equal(await machine.run("ls /var/lib/kasbah; umount /var/lib/kasbah"), "");
    assert.equal((await machine.try("dpkg --status kasbah")).code, 1);
  });
});
