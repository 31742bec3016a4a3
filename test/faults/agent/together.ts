import type { Context } from "mocha";
import type { Stage } from "./stage.ts";

/** Resolves when the behaviour was seen, to why it cannot be tried here if it cannot. */
export type Scenario = () => Promise<undefined | { readonly skipped: string }>;

/**
 * Tests that spend their time waiting: all begin at once, and each tells how its own ended. The stage is cleared after the
 * last.
 */
export function together(stage: Stage, scenarios: Readonly<Record<string, Scenario>>): void {
  const runs = new Map<string, ReturnType<Scenario>>();
  before(() => {
    for (const [title, scenario] of Object.entries(scenarios)) {
      const run = scenario();
      // Looked at when its turn comes; until then a failure is nobody's.
      run.catch(() => {});
      runs.set(title, run);
    }
  });
  after(async () => {
    // Those that nobody asked for are still at it when one was chosen by its title.
    await Promise.allSettled(runs.values());
    await stage[Symbol.asyncDispose]();
  });
  for (const title of Object.keys(scenarios)) {
    it(title, async function (this: Context) {
      const outcome = await runs.get(title);
      if (outcome === undefined) return;
      process.stdout.write(`      not tried: ${outcome.skipped}\n`);
      this.skip();
    });
  }
}
