import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { type ConsoleVisit, visitConsole } from "../harness/console/console-visit.ts";
import { assertAccessible, assertFits, assertKeyboardReaches } from "../harness/console/page-checks.ts";
import { causeTraffic, workloadNames } from "../harness/console/traffic.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const shownText = (page: Page) => page.locator("main").innerText();

for (const kind of ["running", "stopped"] as const)
  describe(`Console of a ${kind} CA`, function () {
    this.timeout(suiteTimeoutMs);
    let suite: BrowserSuite | undefined;
    let ca: RunningCa;
    let command: ConsoleProcess;
    let visit: ConsoleVisit;

    before(async function () {
      suite = await BrowserSuite.start(this);
      ca = await startCa();
      await causeTraffic(ca);
      if (kind === "stopped") await ca.process.stop();
      command = new ConsoleProcess(["--state-dir", ca.stateDir]);
      visit = await visitConsole(suite.browser, await command.link());
    });
    after(async () => {
      await suite?.close();
      await command?.stop();
      await ca?.stop();
    });

    it("says which CA it shows, and whether it runs", async () => {
      const header = visit.page.locator("header").first();
      await header.getByText(kind === "running" ? "Running CA" : "Stopped CA").waitFor();
      const text = await header.innerText();
      assert.ok(text.includes(ca.stateDir), text);
    });

    it("lists every identity with its expiry, and finds one by a part of its name", async () => {
      const { page, show } = visit;
      await show("Identities");
      for (const name of workloadNames) await page.getByText(`demo/${name}`).first().waitFor();
      await page.getByRole("searchbox").fill("checkou");
      await page.getByText("demo/frontend").first().waitFor({ state: "detached" });
      assert.match(await shownText(page), /demo\/checkout/);
      await page.getByRole("searchbox").fill("");
    });

    it("shows the authorities with their stages", async () => {
      await visit.show("Rotation");
      assert.match(await shownText(visit.page), /root-1[\s\S]*active/i);
    });

    it("explains each refusal", async () => {
      await visit.show("Refusals");
      const text = await shownText(visit.page);
      assert.match(text, /TOKEN_AUDIENCE/);
      assert.match(text, /the token is for another audience/);
    });

    it("is accessible by contrast and screen reader, in light and dark", async () => {
      await assertAccessible(visit);
      await visit.page.emulateMedia({ colorScheme: "dark" });
      await assertAccessible(visit);
    });

    it("is used with the keyboard alone", () => assertKeyboardReaches(visit));

    it("fits a small window", async () => {
      await visit.page.setViewportSize({ width: 360, height: 640 });
      await assertFits(visit);
    });

    it("causes no error in the browser, and connects to nothing but the command", async () => {
      assert.deepEqual(visit.complaints, []);
      const { host } = await command.link();
      assert.deepEqual([...new Set(visit.requests.map((url) => new URL(url).host))], [host]);
      const addresses = await suite?.close();
      suite = undefined;
      assert.deepEqual(addresses, [host]);
    });
  });
