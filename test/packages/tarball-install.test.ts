import assert from "node:assert/strict";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages, withoutPrograms } from "../harness/machine/packages.ts";

const unit = "/etc/systemd/system/kasbah-server.service";

describe("install.sh of the tarball", function () {
  this.timeout(300_000);
  let machine: Machine;

  before(async function () {
    const missing = whyNoMachine();
    if (missing !== undefined) {
      process.stdout.write(`      skipping: ${missing}\n`);
      this.skip();
    }
    machine = await Machine.boot();
    await machine.copyIn((await packages()).tarball.file, "/tmp/kasbah.tar.gz");
    await machine.run("mkdir /opt/new && tar -xzf /tmp/kasbah.tar.gz -C /opt/new --strip-components=1");
  });
  after(() => machine?.[Symbol.asyncDispose]());

  it("installs programs that every user can run, even if root's umask is 077", async () => {
    await machine.run("umask 077 && /opt/new/install.sh");
    for (const name of ["kasbah", "kasbah-server", "kasbah-agent"])
      assert.match(await machine.run(`runuser -u nobody /usr/local/bin/${name} -- --version`), /\d\n$/);
    await machine.run("/opt/new/install.sh --uninstall");
  });

  it("upgrades and removes an installation in the directory of its PREFIX without being told again", async () => {
    await machine.run("PREFIX=/srv/programs /opt/new/install.sh");
    assert.match(await machine.run("/opt/new/install.sh"), /^installed \S+ in \/srv\/programs;/m);
    assert.match(await machine.read(unit), /^ExecStart=\/srv\/programs\/bin\/kasbah-server$/m);
    await machine.run("/opt/new/install.sh --uninstall");
    assert.equal(await machine.run("find /srv/programs /usr/local -name '*kasbah*'"), "");
  });

  it("refuses a PREFIX that a unit cannot name, or that the services cannot see", async () => {
    for (const prefix of [
      "relative",
      "/opt/two words",
      "/opt/a|b",
      "/opt/100%",
      "/home/me/kasbah",
      "/tmp/kasbah",
    ]) {
      const { code, stderr } = await machine.try("/opt/new/install.sh", { PREFIX: prefix });
      assert.equal(code, 2, prefix);
      assert.ok(
        stderr.startsWith(`install.sh: PREFIX=${prefix}: `) && stderr.endsWith("/opt/kasbah\n"),
        stderr,
      );
      assert.equal((await machine.try(`test -e ${unit}`)).code, 1);
    }
  });

  it("refuses beside the Debian package, and the package names a unit of the tarball that overrides its own", async () => {
    const scripts = await withoutPrograms();
    await machine.run("/opt/new/install.sh");
    assert.match(await machine.install(scripts), /^kasbah: \S+kasbah-server\.service overrides the unit/m);
    const { code, stderr } = await machine.try("/opt/new/install.sh");
    assert.equal(code, 1);
    assert.match(stderr, /^install\.sh: the Debian package kasbah is installed: /);
    await machine.run("/opt/new/install.sh --uninstall");
    assert.doesNotMatch(await machine.install(scripts), /overrides/);
    assert.deepEqual(await machine.run("dpkg --purge kasbah >&2; find /etc/systemd -name 'kasbah*'"), "");
  });
});
