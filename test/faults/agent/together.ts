import type { Context } from "mocha";
import type { Stage } from "./stage.ts";

/** Resolves when the behavior was observed, or with the reason if the scenario cannot run here. */
export type Scenario = () => Promise<undefined | { readonly skipped: string }>;

/**
 * Registers tests that mostly wait: all scenarios start together, and each test reports the outcome of its
 * own scenario. The stage is disposed of after the last one.
 */
export function together(stage: Stage, scenarios: Readonly<Record<string, Scenario>>): void {
  const runs = new Map<string, ReturnType<Scenario>>();
  before(() => {
    for (const [title, scenario] of Object.entries(scenarios)) {
      const run = scenario();
      // The test awaits the run later; until then a rejection must not count as unhandled.
      run.catch(() => {});
      runs.set(title, run);
    }
  });
  after(async () => {
    // If one test was selected by its title, the other scenarios are still running.
    await Promise.allSettled(runs.values());
    await stage[Symbol.asyncDispose]();
  });
  for (const title of Object.keys(scenarios)) {
    it(title, async function (this: Context) {
      const outcome = await runs.get(title);
      if (outcome === undefined) return;
      process.stdout.write(`      skipped: ${outcome.skipped}\n`);
      this.skip();
    });
  }
}
