import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { rebindingName } from "../harness/console/chromium.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { type ConsoleVisit, visitConsole } from "../harness/console/console-visit.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

interface Exchange {
  readonly method?: "POST";
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly mode?: "no-cors";
  readonly credentials?: "include";
}

describe("Access to a console with a browser", function () {
  this.timeout(suiteTimeoutMs);
  let suite: BrowserSuite;
  let ca: RunningCa;
  let command: ConsoleProcess;
  let link: URL;
  let visit: ConsoleVisit;
  let foreign: Server;
  let foreignOrigin: string;

  before(async function () {
    suite = await BrowserSuite.start(this);
    ca = await startCa();
    command = new ConsoleProcess(["--state-dir", ca.stateDir]);
    link = await command.link();
    foreign = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<h1>Foreign</h1>"),
    );
    await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
    foreignOrigin = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
    visit = await visitConsole(suite.browser, link);
  });
  after(async () => {
    foreign?.close();
    await suite?.close();
    await command?.stop();
    await ca?.stop();
  });

  const read = (page: Page, url: string, init: Exchange = {}) =>
    page.evaluate(
      ([target, options]) =>
        fetch(target, options).then(
          async (response) => `${response.status} ${await response.text()}`,
          (error: unknown) => String(error),
        ),
      [url, init] as const,
    );
  const sameBrowser = () => visit.context.newPage();

  it("leaves no token in the address, and none that a script can read", async () => {
    const { page } = visit;
    assert.doesNotMatch(page.url(), new RegExp(link.hash.slice(1)));
    assert.equal(await page.evaluate(() => document.cookie), "");
    const [cookie] = await visit.context.cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
  });

  it("survives a reload, and a second tab of the same browser", async () => {
    await visit.page.reload();
    await visit.page.getByText("Running CA").first().waitFor();
    const tab = await sameBrowser();
    await tab.goto(link.origin);
    await tab.getByText("Running CA").first().waitFor();
    await tab.close();
  });

  it("explains a used link to another browser, which reads nothing", async () => {
    const other = await suite.browser.newContext();
    const page = await other.newPage();
    await page.goto(link.href);
    await page
      .getByText(/kasbah console/)
      .first()
      .waitFor();
    await page.getByText(/link/i).first().waitFor();
    assert.match(await read(page, "/api/status"), /^401 .*CONSOLE_SESSION_MISSING/);
    await other.close();
  });

  it("lets a page of another port of this machine read nothing, although the browser sends it the cookie", async () => {
    const page = await sameBrowser();
    await page.goto(foreignOrigin);
    for (const path of ["/", "/console.js", "/api/status", "/api/identities"]) {
      assert.match(await read(page, `${link.origin}${path}`, { credentials: "include" }), /Failed to fetch/);
      const opaque = await read(page, `${link.origin}${path}`, { credentials: "include", mode: "no-cors" });
      assert.match(opaque, /Failed to fetch|^0 $/);
    }
    const exchange = { method: "POST" as const, body: "{}", headers: { "content-type": "application/json" } };
    assert.match(await read(page, `${link.origin}/session`, exchange), /Failed to fetch/);
    await page.close();
  });

  it("refuses a page of another site whose name resolves to this machine", async () => {
    const page = await sameBrowser();
    const reply = await page.goto(`http://${rebindingName}:${link.port}/`);
    assert.equal(reply?.status(), 421);
    assert.match(await page.locator("body").innerText(), /CONSOLE_REQUEST_FOREIGN/);
    assert.match(await read(page, "/api/status"), /^421 /);
    await page.close();
  });

  it("opens in no frame of another page", async () => {
    const page = await sameBrowser();
    await page.goto(foreignOrigin);
    const framed = page.waitForResponse(`${link.origin}/`);
    await page.evaluate((url) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
    }, `${link.origin}/`);
    assert.equal((await framed).status(), 403);
    await page.close();
  });

  it("opens by a link in another page, which then has no hold on it", async () => {
    const page = await sameBrowser();
    await page.goto(foreignOrigin);
    const opened = visit.context.waitForEvent("page");
    await page.evaluate((url) => {
      (globalThis as { hold?: unknown }).hold = open(url);
    }, link.origin);
    const tab = await opened;
    await tab.getByText("Running CA").first().waitFor();
    assert.equal(await tab.evaluate(() => globalThis.opener), null);
    await tab.close();
    await page.close();
  });
});
