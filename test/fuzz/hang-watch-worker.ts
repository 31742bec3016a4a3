import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { keepFoundCase } from "./found-cases.ts";
import type { UnderWay } from "./hang-watch.ts";

/** Longer than the budget of any three runs. */
const hangsAfterMs = 90_000;
const lookEachMs = 1_000;

const underWay: UnderWay = workerData;
let begunBefore = -1;
let sinceMs = performance.now();

setInterval(() => {
  const begun = Atomics.load(underWay.begun, 0);
  if (begun !== begunBefore) {
    begunBefore = begun;
    sinceMs = performance.now();
  } else if (performance.now() - sinceMs > hangsAfterMs) {
    giveUp();
  }
}, lookEachMs);

function giveUp(): void {
  const input = underWay.input.slice(0, Atomics.load(underWay.length, 0));
  const path = keepFoundCase(underWay.target, input);
  const base64 = Buffer.from(input).toString("base64");
  writeSync(
    1,
    `\n${underWay.target} HANGS with an input of ${input.length} bytes: ${base64}\n  saved as ${path}\n`,
  );
  process.kill(process.pid, "SIGKILL");
}
