import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { visitConsole } from "../harness/console/console-visit.ts";
import { assertFits } from "../harness/console/page-checks.ts";
import { causeTraffic } from "../harness/console/traffic.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** Fields that only the CA writes, with words of its own. */
const ownFields = /^(?:kind|level|stage|role|origin|area|state)$/;

/** The answer with a long word in every text that a caller or a compromised replica chooses, and in others. */
function withLongWords(answer: unknown): unknown {
  const text = JSON.stringify(answer, (field, value) =>
    typeof value !== "string" || ownFields.test(field) || !Number.isNaN(Date.parse(value))
      ? value
      : `<img src=x>${"W".repeat(900)}`,
  );
  return JSON.parse(text);
}

describe("Console with long words of callers", function () {
  this.timeout(suiteTimeoutMs);
  let suite: BrowserSuite;
  let ca: RunningCa;
  let command: ConsoleProcess;

  before(async function () {
    suite = await BrowserSuite.start(this);
    ca = await startCa();
    await causeTraffic(ca);
    command = new ConsoleProcess(["--state-dir", ca.stateDir]);
  });
  after(async () => {
    await suite?.close();
    await command?.stop();
    await ca?.stop();
  });

  it("fits a small window on every page", async () => {
    await using visit = await visitConsole(suite.browser, await command.link());
    await visit.context.route("**/api/**", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: withLongWords(await response.json()) });
    });
    await visit.page.setViewportSize({ width: 360, height: 640 });
    await visit.page.reload();
    await assertFits(visit);
  });
});
