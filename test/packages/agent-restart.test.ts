import assert from "node:assert/strict";
import { Machine, whyNoMachine } from "../harness/machine/machine.ts";
import { packages } from "../harness/machine/packages.ts";
import { startAgent, startServer } from "../harness/machine/services.ts";

const server = `[Unit]
Requires=kasbah-agent-wait@web.service
After=kasbah-agent-wait@web.service
[Service]
ExecStart=/bin/sleep infinity
`;

describe("Restart of the agent under its unit", function () {
  this.timeout(300_000);

  before(function () {
    const missing = whyNoMachine();
    if (missing === undefined) return;
    process.stdout.write(`      skipping: ${missing}\n`);
    this.skip();
  });

  it("leaves a server alone that requires the certificate, by hand and by an upgrade of the package", async () => {
    await using machine = await Machine.boot();
    const { file } = (await packages()).debian;
    await machine.install(file);
    await startAgent(machine, await startServer(machine));
    await machine.write("/etc/systemd/system/shop.service", server);
    await machine.run("systemctl daemon-reload && systemctl start shop");
    const processOf = (unit: string) => machine.run(`systemctl show -p MainPID --value ${unit}`);
    const [shop, agent] = [await processOf("shop"), await processOf("kasbah-agent@web")];

    await machine.run("systemctl restart kasbah-agent@web");
    assert.equal(await processOf("shop"), shop);
    await machine.install(file);
    assert.equal(await processOf("shop"), shop);
    assert.notEqual(await processOf("kasbah-agent@web"), agent);
    assert.notEqual(shop, "0\n");
  });
});
