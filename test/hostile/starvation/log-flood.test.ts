import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { attackTimeoutMs } from "../../harness/until.ts";
import { controlCall, newWorkload, orderOf } from "../http2/control-call.ts";
import { callOnce, framed } from "../http2/grpc-call.ts";
import type { Addresses, SwarmOptions } from "./swarm.ts";

/** `npm run test:soak` runs the attack for longer. */
const isFull = process.env["KASBAH_ATTACK"] === "full";
const refusals = isFull ? 20_000 : 1_500;
const connections = 20;
const withinMs = isFull ? 300_000 : 60_000;
const attackers: readonly Addresses[] = ["one address", "2,000 addresses", "the address of the good callers"];
/** What the CA logs by itself, and about the good callers. */
const otherBytes = 100_000;
const bytesPerLine = 2_000;
const linesPerMinute = 120;

describe("Log of a CA that is called with forged tokens", function () {
  this.timeout(attackTimeoutMs);
  let ca: RunningCa;

  before(async () => {
    ca = await startCa();
  });

  after(() => ca?.stop());

  for (const from of attackers) {
    it(`stays small, and names the refusals of good callers, if the tokens come from ${from}`, async () => {
      const before = {
        bytes: ca.process.log.length,
        refused: await refused(ca),
        ms: systemClock.monotonicMs(),
      };
      const stop = floodWithTokens(ca, from);
      try {
        await untilSeen("many refusals", withinMs, async () => {
          return (await refused(ca)) - before.refused > refusals || undefined;
        });
        await assertLogged(ca);
        await controlCall(ca);
      } finally {
        await stop();
      }
      const minutes = Math.ceil((systemClock.monotonicMs() - before.ms) / 60_000);
      const bytes = ca.process.log.length - before.bytes;
      process.stdout.write(`      ${(await refused(ca)) - before.refused} refusals: ${bytes} bytes of log\n`);
      const limit = (minutes + 1) * linesPerMinute * bytesPerLine + otherBytes;
      assert.ok(bytes < limit, `${bytes} bytes of log, the limit is ${limit}`);
      const unlogged = (await ca.process.metric("kasbah_unlogged_refusals_total")) ?? 0;
      assert.ok(unlogged > 0, "nothing was left to the summary");
    });
  }

  it("says what it did not log one by one, and from where, at the latest when it stops", async () => {
    await ca.process.stop();
    const { codes, from, count } = await ca.process.logged(
      "more requests refused than are logged one by one",
    );
    assert.ok(Number(count) > 0);
    assert.ok(Object.keys(Object(codes)).includes("TOKEN_REJECTED"), JSON.stringify(codes));
    assert.match(String(from), /127\./);
    assert.equal(ca.process.log.includes("eyJ"), false, "a token is in the log");
  });
});

async function refused(ca: RunningCa): Promise<number> {
  return (await ca.process.metric('kasbah_refusals{code="TOKEN_REJECTED"}')) ?? 0;
}

/** A caller with a valid token and a malformed request finds its refusal in the log. */
async function assertLogged(ca: RunningCa): Promise<void> {
  const { headers } = await newWorkload(ca);
  const { message } = await callOnce(ca, framed(orderOf("no CSR")), headers);
  const [, reference = "none"] = /reference ([0-9a-f]{12})/.exec(message) ?? [];
  assert.match(message, /^CSR_MALFORMED/);
  await ca.process.says(reference);
}

function floodWithTokens({ port, rootPem }: RunningCa, addresses: Addresses): () => Promise<unknown> {
  const claims = { iss: "https://other.test", sub: "system:serviceaccount:a:b", aud: ["istio-ca"], exp: 4e9 };
  const [head, body] = [{ alg: "ES256", kid: "x" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const authorization = `Bearer ${head}.${body}.AAAA`;
  const attack: SwarmOptions = {
    target: { port, rootPem },
    ...{ connections, streams: 20, headers: { ":path": createCertificate.path, authorization } },
    body: framed(Buffer.alloc(10)),
  };
  const worker = new Worker(new URL("./attacker.ts", import.meta.url), {
    workerData: { attacks: [attack], addresses },
  });
  worker.on("error", (error) => process.stderr.write(`the attacker failed: ${String(error)}\n`));
  return () => worker.terminate();
}
