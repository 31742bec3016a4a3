import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeEntry, ledgerDirectoryAt, listSegments } from "@kasbah/ledger";
import { systemClock } from "@kasbah/runtime";
import { issued } from "@kasbah/testkit/ledger";
import type { Page } from "playwright-core";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { type ConsoleVisit, visitConsole } from "../harness/console/console-visit.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const count = 10_000;
/** Far above what a free machine needs; a page that draws every row exceeds it by much. */
const mostBusyMs = 1000;

interface Frames {
  /** Of the longest task that kept the page from drawing. */
  readonly longestMs: number;
  readonly longTasks: number;
}

describe(`Console with ${count} identities`, function () {
  this.timeout(suiteTimeoutMs);
  let suite: BrowserSuite;
  let ca: RunningCa;
  let command: ConsoleProcess;
  let visit: ConsoleVisit;

  before(async function () {
    suite = await BrowserSuite.start(this);
    ca = await startCa();
    await ca.process.stop();
    await addIdentities(ca.stateDir);
    command = new ConsoleProcess(["--state-dir", ca.stateDir]);
    visit = await visitConsole(suite.browser, await command.link());
    await visit.show("Identities");
    await visit.page
      .getByText(/10,000/)
      .first()
      .waitFor();
  });
  after(async () => {
    await suite?.close();
    await command?.stop();
    await ca?.stop();
  });

  it("scrolls to the last one without a freeze", async () => {
    const { page } = visit;
    const frames = await framesOf(page, async () => {
      const grid = page.locator(".grid, [role=grid], table").first();
      await grid.focus().catch(() => undefined);
      await grid.hover();
      for (let step = 0; step < 40; step++) await page.mouse.wheel(0, 12_000);
      await page.getByText("demo/workload-09999").waitFor();
    });
    report("scroll", frames);
    assert.ok(frames.longestMs < mostBusyMs, `${frames.longestMs} ms`);
    const rows = await page.locator("tbody tr").count();
    assert.ok(rows < 500, `${rows} rows`);
  });

  it("searches while someone types, without a freeze", async () => {
    const { page } = visit;
    const frames = await framesOf(page, async () => {
      await page.getByRole("searchbox").pressSequentially("workload-04321");
      await page.getByText("demo/workload-04321").first().waitFor();
      await page.getByText("demo/workload-00000").waitFor({ state: "detached" });
    });
    report("search", frames);
    assert.ok(frames.longestMs < mostBusyMs, `${frames.longestMs} ms`);
  });
});

async function addIdentities(stateDir: string): Promise<void> {
  const { segments } = ledgerDirectoryAt(join(stateDir, "ledger"), "0");
  const last = (await listSegments(segments)).at(-1);
  if (last === undefined) throw new Error("the ledger has no segment");
  const now = systemClock.now();
  const lines = Array.from({ length: count }, (_, index) => {
    const spiffeId = `spiffe://cluster.local/ns/demo/sa/workload-${String(index).padStart(5, "0")}`;
    return Buffer.from(encodeEntry(issued({ spiffeId, time: now.toISOString() }))).toString();
  });
  await appendFile(last.path, lines.map((line) => `${line}\n`).join(""));
}

/** Measures the tasks that block the page for more than 50 ms during `work`, as the browser reports them. */
async function framesOf(page: Page, work: () => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    const durations: number[] = [];
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) durations.push(duration);
    });
    observer.observe({ entryTypes: ["longtask"] });
    Object.assign(globalThis, { durations });
  });
  await work();
  return page.evaluate(() => {
    const { durations } = globalThis as unknown as { readonly durations: readonly number[] };
    return { longestMs: Math.round(Math.max(0, ...durations)), longTasks: durations.length };
  });
}

function report(what: string, { longestMs, longTasks }: Frames): void {
  process.stdout.write(`      ${what}: ${longTasks} tasks above 50 ms, the longest ${longestMs} ms\n`);
}
