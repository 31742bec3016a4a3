import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { CaProcess, type RunningCa, startCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { type ConsoleVisit, visitConsole } from "../harness/console/console-visit.ts";
import { causeTraffic } from "../harness/console/traffic.ts";
import { testIssuer } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

describe("Console during an outage", function () {
  this.timeout(suiteTimeoutMs);
  let suite: BrowserSuite;
  let ca: RunningCa;
  let again: CaProcess | undefined;
  let command: ConsoleProcess;
  let visit: ConsoleVisit;

  before(async function () {
    suite = await BrowserSuite.start(this);
    ca = await startCa();
    await causeTraffic(ca);
    command = new ConsoleProcess(["--state-dir", ca.stateDir]);
    visit = await visitConsole(suite.browser, await command.link());
  });
  after(async () => {
    await suite?.close();
    await command?.stop();
    await again?.stop();
    await ca?.stop();
  });

  it("shows that the CA stopped, and that it runs again, without a reload", async () => {
    const { page } = visit;
    const header = page.locator("header").first();
    await header.getByText("Running CA").waitFor();
    const loads = visit.requests.length;
    await ca.process.stop();
    await header.getByText("Stopped CA").waitFor();
    await visit.show("Identities");
    await page.getByText("demo/checkout").first().waitFor();
    const flags = ["--jwks", join(dirname(ca.stateDir), "issuer/jwks.json"), "--token-issuer", testIssuer];
    again = new CaProcess({ stateDir: ca.stateDir, flags });
    await again.untilReady();
    await visit.show("Overview");
    await header.getByText("Running CA").waitFor();
    assert.ok(visit.requests.slice(loads).every((url) => new URL(url).pathname.startsWith("/api/")));
  });

  it("keeps the last data with its age, and names the fix, when the command ends", async () => {
    const { page } = visit;
    await command.stop();
    await page.getByText("CONSOLE_ENDED").waitFor();
    await page.getByText(/data from/).waitFor();
    assert.match(await page.locator("main").innerText(), /root|identit/i);
  });
});
