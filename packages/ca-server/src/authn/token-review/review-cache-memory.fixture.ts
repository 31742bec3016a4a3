import { randomBytes } from "node:crypto";
import { getHeapSnapshot } from "node:v8";
import { parentPort } from "node:worker_threads";
import { systemClock } from "@kasbah/runtime";
import { fakeToken } from "../fake-token.fixture.ts";
import { ReviewCache } from "./review-cache.ts";

// Runs in a worker, because a snapshot of the whole test run has gigabytes. It reports which of two texts its
// heap contains: one that it keeps, and the token that the cache has reviewed.

const [kept, forgotten] = [randomBytes(24), randomBytes(24)];
const control = new Set([kept.toString("hex")]);
const user = { username: "system:serviceaccount:demo:frontend", groups: [], extra: {} };
const ask = async () => ({ authenticated: true, audiences: ["istio-ca"], error: "", user });
const cache = new ReviewCache({ ask, clock: systemClock, onAnswer: () => undefined });
await cache.review(fakeToken(forgotten.toString("hex")));
const [foundKept, foundForgotten] = await foundInMemory([kept, forgotten].map(hexOctets));
// Used after the snapshot, so that the engine collects neither before.
await cache.review(fakeToken(forgotten.toString("hex")));
parentPort?.postMessage({ foundKept, foundForgotten, kept: control.size });

/** The digits as octets, created without a text that would itself be found in memory. */
function hexOctets(bytes: Buffer): Buffer {
  const digits = Buffer.from("0123456789abcdef");
  return Buffer.from([...bytes].flatMap((byte) => [digits[byte >> 4] ?? 0, digits[byte & 15] ?? 0]));
}

/** Whether any text on the heap contains each of these. */
async function foundInMemory(needles: readonly Buffer[]): Promise<readonly boolean[]> {
  const found = needles.map(() => false);
  let window = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    window = Buffer.concat([window.subarray(-100), Buffer.from(chunk)]);
    for (const [at, needle] of needles.entries()) found[at] ||= window.includes(needle);
  }
  return found;
}
