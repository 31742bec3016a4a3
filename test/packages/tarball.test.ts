import assert from "node:assert/strict";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages } from "../harness/machine/packages.ts";
import { blocksOf, runBlocks } from "../harness/machine/page.ts";
import { rootDigests, servedCertificate, startAgent, startServer } from "../harness/machine/services.ts";

describe("Tarball on a machine with systemd", function () {
  this.timeout(300_000);
  let machine: Machine;

  before(function () {
    const missing = whyNoMachine();
    if (missing === undefined) return;
    process.stdout.write(`      skipping: ${missing}\n`);
    this.skip();
  });
  beforeEach(async () => {
    machine = await Machine.boot();
    const { tarball } = await packages();
    await machine.copyIn(tarball.file, "/tmp/kasbah.tar.gz");
    await machine.run(
      "mkdir /opt/unpacked && tar -xzf /tmp/kasbah.tar.gz -C /opt/unpacked --strip-components=1",
    );
  });
  afterEach(() => machine?.[Symbol.asyncDispose]());

  it("runs from where it is unpacked, also by a link, without an installation", async () => {
    await machine.run("ln -s /opt/unpacked/bin/kasbah /usr/local/bin/anything");
    for (const name of ["/opt/unpacked/bin/kasbah-server", "/opt/unpacked/bin/kasbah-agent", "anything"])
      assert.match(await machine.run(`cd / && runuser -u nobody ${name} -- --version`), /\d+\.\d+\.\d+\n$/);
    const inFolder = "cd /tmp && mkdir -m 777 project && cd project";
    const dev = "kasbah dev up && kasbah dev cert demo/web --out certs && kasbah dev down";
    await machine.run(`${inFolder} && PATH=/opt/unpacked/bin:$PATH runuser -u nobody -- sh -c '${dev}'`);
    const verify = "openssl verify -CAfile root-cert.pem -untrusted cert-chain.pem cert-chain.pem";
    assert.equal(await machine.run(`cd /tmp/project/certs && ${verify}`), "cert-chain.pem: OK\n");
    const { code, stderr } = await machine.try("runuser -u nobody /opt/unpacked/install.sh");
    assert.deepEqual([code, stderr], [1, "install.sh: run it as root\n"]);
    const wrong = await machine.try("/opt/unpacked/install.sh --remove");
    assert.deepEqual([wrong.code, wrong.stderr.split(":")[1]], [2, " unknown option --remove"]);
  });

  it("installs units that run a CA and an agent, upgrades with the same root, and uninstalls all but the keys", async () => {
    await machine.run("ln -s /opt/unpacked/* /root");
    await runBlocks(machine, blocksOf("deploy/tarball/README.md", "test/packages/tarball.test.ts"));
    const units = "kasbah-server.service kasbah-agent@web.service kasbah-agent-wait@web.service";
    assert.equal(await machine.run(`systemd-analyze verify --man=no ${units} 2>&1`), "");
    await startAgent(machine, await startServer(machine));
    assert.equal((await servedCertificate(machine)).spiffeId, "spiffe://cluster.local/ns/demo/sa/web");
    const [settings, root] = [await machine.read("/etc/kasbah/server.env"), await rootDigests(machine)];
    const processes = "systemctl show -p MainPID --value kasbah-server kasbah-agent@web | grep .";
    const before = (await machine.run(processes)).trim().split("\n");

    await machine.run("/opt/unpacked/install.sh");
    assert.deepEqual(
      [await machine.read("/etc/kasbah/server.env"), await rootDigests(machine)],
      [settings, root],
    );
    const after = (await machine.run(processes)).trim().split("\n");
    assert.ok(after.length === 2 && !after.some((pid) => pid === "0" || before.includes(pid)), String(after));

    await machine.run("/opt/unpacked/install.sh --uninstall");
    assert.equal(
      await machine.run("find /usr/local /etc/systemd/system /etc/sysusers.d -name '*kasbah*'"),
      "",
    );
    assert.equal(await machine.run("systemctl list-units --no-legend --state=active 'kasbah-*'"), "");
    assert.deepEqual(
      [await machine.read("/etc/kasbah/server.env"), await rootDigests(machine)],
      [settings, root],
    );
  });
});
