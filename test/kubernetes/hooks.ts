import { whyNoControlPlane } from "./build-tools.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

let running: ControlPlane | undefined;

/** The one of this run. Suites share it, each in namespaces of its own. */
export function sharedControlPlane(): ControlPlane {
  if (running === undefined) throw new Error("none runs: mocha needs --require test/kubernetes/hooks.ts");
  return running;
}

/** Mocha takes these up by their name. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    // The first run builds.
    this.timeout(0);
    const missing = whyNoControlPlane();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    running = await startControlPlane();
  },

  async afterAll(this: Mocha.Context): Promise<void> {
    if (running === undefined) return;
    this.timeout(30_000);
    const keepLogs = !isAllWell(this.test?.parent);
    await running.stop({ keepLogs });
    if (keepLogs) process.stdout.write(`      the control plane's logs are in ${running.logs}\n`);
  },
};

/** A test that never ran may be one whose hook failed, which mocha tells nobody. */
function isAllWell(root: Mocha.Suite | undefined): boolean {
  let isWell = true;
  root?.eachTest((test) => {
    isWell &&= test.isPassed() || test.isPending();
  });
  return isWell;
}
