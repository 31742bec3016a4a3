import assert from "node:assert/strict";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages, repackAs, withoutPrograms } from "../harness/machine/packages.ts";
import { rootDigests, servedCertificate, startAgent, startServer } from "../harness/machine/services.ts";

const units = [
  "kasbah-server.service",
  "kasbah-agent@web.service",
  "kasbah-agent-wait@web.service",
  "kasbah-check.timer",
];
const keyFile = "/var/lib/kasbah/authorities/root-1/ca-key.pem";
const passphrase = `[Service]
LoadCredential=passphrase:/etc/kasbah/passphrase
Environment=KASBAH_KEY_PASSPHRASE_FILE=/run/credentials/kasbah-server.service/passphrase
`;

describe("Debian package on a machine with systemd", function () {
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
  });
  afterEach(() => machine?.[Symbol.asyncDispose]());

  const install = async () => machine.install((await packages()).debian.file);
  const upgrade = async () => machine.install(await repackAs("9.9.9", (await packages()).debian));
  const exists = async (path: string) => (await machine.try(`test -e ${path}`)).code === 0;

  it("installs commands with their own Node and units that systemd accepts, and starts nothing before it is configured", async () => {
    await install();
    for (const name of ["kasbah", "kasbah-server", "kasbah-agent"])
      assert.match(
        await machine.run(`runuser -u nobody ${name} -- --version`),
        /^(kasbah\S* )?\d+\.\d+\.\d+\n$/,
      );
    assert.equal(await machine.run("stat -c '%U %G %a' /var/lib/kasbah"), "kasbah kasbah 700\n");
    assert.equal(await machine.run(`systemd-analyze verify ${units.join(" ")} 2>&1`), "");
    assert.equal(await machine.run("systemctl list-units --no-legend 'kasbah-*'"), "");

    assert.equal((await machine.try("systemctl start kasbah-server")).code, 1);
    const shown = await machine.run("systemctl show -p Result,NRestarts,ExecMainStatus kasbah-server");
    assert.deepEqual(shown.split("\n").toSorted(), [
      "",
      "ExecMainStatus=2",
      "NRestarts=0",
      "Result=exit-code",
    ]);
    assert.match(
      await machine.run("journalctl -u kasbah-server -o cat"),
      /CONFIG_INVALID: 1 problem\n {2}--jwks: /,
    );
  });

  it("runs a CA and an agent under their units, reloads both, and renews after a reboot without a token", async () => {
    await install();
    await startAgent(machine, await startServer(machine));
    const { serial, spiffeId } = await servedCertificate(machine);
    assert.equal(spiffeId, "spiffe://cluster.local/ns/demo/sa/web");
    const verify = "openssl verify -CAfile root-cert.pem -untrusted cert-chain.pem cert-chain.pem";
    assert.equal(await machine.run(`cd /run/kasbah/agent/web/certs && ${verify}`), "cert-chain.pem: OK\n");
    await machine.run("systemctl start kasbah-check");
    await machine.run("systemctl reload kasbah-server kasbah-agent@web");
    const count = "journalctl -u kasbah-server -u kasbah-agent@web -o cat | grep -c 'reading files again'";
    await machine.until(count, "2\n");

    await machine.run("systemctl stop kasbah-agent@web && rm -r /run/kasbah /etc/kasbah/agent/web.token");
    await machine.run("systemctl start kasbah-agent@web kasbah-agent-wait@web");
    assert.equal((await servedCertificate(machine)).serial, serial);
    await machine.run("kasbah-agent rotate --sds-socket /run/kasbah/agent/web/sds/socket");
    assert.notEqual((await servedCertificate(machine)).serial, serial);
    // A system call that the sandbox forbids would show as a warning.
    assert.doesNotMatch(await machine.run("journalctl -u kasbah-server -o cat"), /"level":"(warn|error)"/);
  });

  it("an upgrade keeps keys, passphrase and settings, restarts the services, and succeeds even with an invalid configuration", async () => {
    await install();
    await machine.write("/etc/systemd/system/kasbah-server.service.d/passphrase.conf", passphrase);
    await machine.run(
      "umask 077 && openssl rand -base64 33 > /etc/kasbah/passphrase && systemctl daemon-reload",
    );
    await startAgent(machine, await startServer(machine));
    assert.match(await machine.read(keyFile), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const [settings, root] = [await machine.read("/etc/kasbah/server.env"), await rootDigests(machine)];
    const processes = "systemctl show -p MainPID --value kasbah-server kasbah-agent@web | grep .";
    const before = (await machine.run(processes)).trim().split("\n");

    await upgrade();
    assert.match(await machine.run("dpkg --status kasbah"), /^Version: 9\.9\.9$/m);
    assert.equal(await machine.read("/etc/kasbah/server.env"), settings);
    assert.equal(await rootDigests(machine), root);
    const after = (await machine.run(processes)).trim().split("\n");
    assert.ok(after.length === 2 && !after.some((pid) => pid === "0" || before.includes(pid)), String(after));

    await machine.write("/etc/kasbah/server.env", "KASBAH_JWKS=/nowhere\nMAX_WORKLOAD_CERT_TTL=never\n");
    assert.match(
      await install(),
      /kasbah: kasbah-server\.service did not start: see journalctl -u kasbah-server/,
    );
    assert.match(await machine.run("dpkg --status kasbah"), /^Status: install ok installed$/m);
    assert.equal(await rootDigests(machine), root);
  });

  it("a removal stops the services and keeps the keys, and a new installation starts them with the same root", async () => {
    await install();
    await startAgent(machine, await startServer(machine));
    const root = await rootDigests(machine);
    await machine.run("systemctl enable --now kasbah-check.timer && systemctl stop kasbah-server");
    assert.equal((await machine.try("systemctl start kasbah-check")).code, 1);
    await machine.run("dpkg --remove kasbah");
    assert.equal(await machine.run("systemctl list-units --no-legend --state=active 'kasbah-*'"), "");
    assert.equal(await exists("/usr/bin/kasbah"), false);
    assert.equal(await rootDigests(machine), root);
    await install();
    assert.equal(await machine.run("systemctl is-active kasbah-server kasbah-agent@web"), "active\nactive\n");
    assert.equal(await rootDigests(machine), root);
  });

  it("a purge deletes the keys only after a yes: in a terminal, from the environment or preseeded", async () => {
    const scripts = await withoutPrograms((await packages()).debian);
    const inTerminal = (answer: string) =>
      machine.run(`echo ${answer} | script -qec 'dpkg --purge kasbah' /dev/null`, {
        DEBIAN_FRONTEND: "readline",
        TERM: "dumb",
      });
    const purge = (env: Readonly<Record<string, string>> = {}) =>
      machine.run("dpkg --purge kasbah 2>&1", env);
    const preseeded = async () => {
      await machine.run("echo 'kasbah kasbah/purge-keys boolean true' | debconf-set-selections");
      return purge();
    };
    const removeFirst = (act: () => Promise<string>) => () => machine.run("dpkg --remove kasbah").then(act);
    for (const [name, act, isKept, asks] of [
      ["no in a terminal", () => inTerminal("no"), true, true],
      ["yes in a terminal", () => inTerminal("yes"), false, true],
      ["yes in a terminal after a removal", removeFirst(() => inTerminal("yes")), false, true],
      ["no terminal", purge, true, false],
      ["KASBAH_PURGE_KEYS=no", () => purge({ KASBAH_PURGE_KEYS: "no" }), true, false],
      ["KASBAH_PURGE_KEYS=yes", () => purge({ KASBAH_PURGE_KEYS: "yes" }), false, false],
      ["a preseeded yes", preseeded, false, false],
    ] as const) {
      await machine.install(scripts);
      await machine.write(keyFile, "a key");
      await machine.write("/etc/kasbah/passphrase", "a passphrase");
      await machine.run("ln -sf /nowhere /etc/systemd/system/multi-user.target.wants/kasbah-server.service");
      const printed = await act();
      assert.equal(printed.includes("Delete the keys of the certificate authority?"), asks, name);
      assert.equal(printed.includes("kept /var/lib/kasbah, which contains the keys of the CA"), isKept, name);
      assert.equal(await exists(keyFile), isKept, name);
      assert.equal(await exists("/etc/kasbah/passphrase"), isKept, name);
      assert.equal(await machine.run("find /etc/systemd/system -name 'kasbah*'"), "", name);
    }
  });

  it("a purge asks nothing, and leaves nothing, if no CA has run", async () => {
    await machine.install(await withoutPrograms((await packages()).debian));
    const purge = "script -qec 'dpkg --purge kasbah' /dev/null </dev/null";
    const printed = await machine.run(purge, { DEBIAN_FRONTEND: "readline", TERM: "dumb" });
    assert.doesNotMatch(printed, /Delete the keys/);
    assert.deepEqual([await exists("/var/lib/kasbah"), await exists("/etc/kasbah")], [false, false]);
  });
});
