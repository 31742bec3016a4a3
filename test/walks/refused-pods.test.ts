import { suiteTimeoutMs } from "../harness/until.ts";
import { HealthyCa } from "./healthy-ca.ts";
import { refusedPods } from "./refused-pods.ts";
import { walkThrough } from "./scenes.ts";

describe("A pod without a certificate, whose CA is healthy", function () {
  this.timeout(suiteTimeoutMs);
  const running = new AsyncDisposableStack();
  walkThrough(refusedPods, async () => ({ ca: await HealthyCa.start(running), running }));
  after(() => running.disposeAsync());
});
