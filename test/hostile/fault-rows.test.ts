import assert from "node:assert/strict";
import { eventually } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { controlCall, newWorkload } from "./http2/control-call.ts";
import { callOnce, framed } from "./http2/grpc-call.ts";

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

/** Throws an uncaught exception when the test sends SIGUSR2. */
const throwsOnSignal = moduleOf(`
  process.on("SIGUSR2", () => setTimeout(() => { throw new Error("unexpected failure"); }, 0));
`);

/** Makes the random generator fail when the test sends SIGUSR2, and work again on the next. */
const losesChanceOnSignal = moduleOf(`
  import crypto from "node:crypto";
  import { syncBuiltinESMExports } from "node:module";
  const { randomBytes } = crypto;
  const fail = () => { throw new Error("no entropy"); };
  process.on("SIGUSR2", () => {
    crypto.randomBytes = crypto.randomBytes === fail ? randomBytes : fail;
    syncBuiltinESMExports();
    process.stdout.write("randomness changed\\n");
  });
`);

describe("CA under internal failures", () => {
  let ca: RunningCa;

  afterEach(() => ca.stop());

  it("row 35: exits within seconds and logs the reason on an uncaught exception", async () => {
    ca = await startCa({ failpoint: throwsOnSignal });
    await controlCall(ca);
    ca.process.child.kill("SIGUSR2");
    await eventually(() => ca.process.hasExited, 30_000);
    const { code } = await ca.process.exited;
    assert.equal(code, 1);
    assert.match(ca.process.log, /unexpected failure.*"event":"uncaught exception"/);
  });

  it("row 45: issues and records no certificate without entropy", async () => {
    ca = await startCa({ failpoint: losesChanceOnSignal });
    await controlCall(ca);
    const before = await ledgerOf(ca);
    ca.process.child.kill("SIGUSR2");
    await ca.process.says("randomness changed");
    for (let count = 0; count < 5; count += 1) {
      const { message, headers } = await newWorkload(ca);
      const { status, body } = await callOnce(ca, framed(message), headers).catch(() => noAnswer);
      assert.notEqual(status, 0);
      assert.equal(body.length, 0);
    }
    assert.deepEqual(await ledgerOf(ca), before);
  });
});

const noAnswer = { status: undefined, body: Buffer.alloc(0) };

async function ledgerOf({ stateDir }: RunningCa): Promise<readonly string[]> {
  return (await recordedIn(stateDir)).flatMap((entry) => (entry.kind === "issued" ? [entry.serial] : []));
}
