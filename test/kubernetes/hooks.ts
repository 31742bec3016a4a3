import { whyNoControlPlane } from "./build-tools.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

let running: ControlPlane | undefined;

/** The control plane of this run. The suites share it; each uses its own namespaces. */
export function sharedControlPlane(): ControlPlane {
  if (running === undefined)
    throw new Error("no control plane is running: run mocha with --require test/kubernetes/hooks.ts");
  return running;
}

/** Mocha finds these hooks by their names. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    // The first run builds the control plane.
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
    this.timeout(120_000);
    const keepLogs = !isAllWell(this.test?.parent);
    await running.stop({ keepLogs });
    if (keepLogs) process.stdout.write(`      the control plane's logs are in ${running.logs}\n`);
  },
};

/** If a test never ran, its hook may have failed, which mocha does not report here. */
function isAllWell(root: Mocha.Suite | undefined): boolean {
  let isWell = true;
  root?.eachTest((test) => {
    isWell &&= test.isPassed() || test.isPending();
  });
  return isWell;
}
