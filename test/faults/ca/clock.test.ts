import { wrongAtFirstStart, wrongAtOneStart, wrongWhileRunning } from "../../harness/clock-scenarios.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { findFaketime } from "../../harness/wall-clock.ts";

/** One of each kind; `npm run test:soak` runs every wrong clock in every situation. */
const scenarios: Readonly<Record<string, (library: string) => Promise<void>>> = {
  "keeps its keys, its ledger and its rotation through a clock that jumps 8 years ahead for a moment": (
    library,
  ) => wrongWhileRunning(library, "8 years ahead"),
  "refuses an expired token although its clock is set 15 minutes back, and continues by its own time": (
    library,
  ) => wrongWhileRunning(library, "15 minutes behind"),
  "keeps its keys, its ledger and its rotation through one start with a clock 400 days ahead": (library) =>
    wrongAtOneStart(library, "400 days ahead"),
  "is put right by one command if its first start was 8 years ahead": (library) =>
    wrongAtFirstStart(library, "8 years ahead"),
  "creates no root in 1970, and starts as soon as the clock is right": (library) =>
    wrongAtFirstStart(library, "in 1970"),
};

describe("CA with a wrong clock", function () {
  this.timeout(suiteTimeoutMs);
  const runs = new Map<string, Promise<void>>();
  let library: string | undefined;

  before(async () => {
    library = await findFaketime();
    if (library === undefined) return;
    for (const [title, scenario] of Object.entries(scenarios)) {
      const run = scenario(library);
      // The test awaits the run later; until then a rejection must not count as unhandled.
      run.catch(() => {});
      runs.set(title, run);
    }
  });
  after(() => Promise.allSettled(runs.values()));

  for (const title of Object.keys(scenarios)) {
    it(title, async function () {
      if (library === undefined) this.skip();
      await runs.get(title);
    });
  }
});
