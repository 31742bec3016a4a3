import { suiteTimeoutMs } from "../harness/until.ts";
import { brokenCas } from "./broken-ca.ts";
import { CaStage } from "./ca-stage.ts";
import { walkThrough } from "./scenes.ts";

describe("A CA with an incident", function () {
  this.timeout(suiteTimeoutMs);
  const running = new AsyncDisposableStack();
  walkThrough(brokenCas, () => CaStage.create(running));
  after(() => running.disposeAsync());
});
