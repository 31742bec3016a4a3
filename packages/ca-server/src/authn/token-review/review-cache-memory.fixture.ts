import { randomBytes } from "node:crypto";
import { getHeapSnapshot } from "node:v8";
import { parentPort } from "node:worker_threads";
import { systemClock } from "@kasbah/runtime";
import { ReviewCache } from "./review-cache.ts";

// A worker, because a snapshot of the whole test run has gigabytes: reports which of two texts its heap contains,
// the one that it keeps and the token that a cache has reviewed.

const [kept, forgotten] = [randomBytes(24), randomBytes(24)];
const control = new Set([kept.toString("hex")]);
const user = { username: "system:serviceaccount:demo:frontend", groups: [], extra: {} };
const ask = async () => ({ authenticated: true, audiences: ["istio-ca"], error: "", user });
const cache = new ReviewCache({ ask, clock: systemClock, onAnswer: () => undefined });
await cache.review(forgotten.toString("hex"));
const [foundKept, foundForgotten] = await foundInMemory([kept, forgotten].map(hexOctets));
// Used after the snapshot, so that the engine collects neither before.
await cache.review(forgotten.toString("hex"));
parentPort?.postMessage({ foundKept, foundForgotten, kept: control.size });

/** The digits as octets, made without a text that would be found in memory itself. */
function hexOctets(bytes: Buffer): Buffer {
  const digits = Buffer.from("0123456789abcdef");
  return Buffer.from([...bytes].flatMap((byte) => [digits[byte >> 4] ?? 0, digits[byte & 15] ?? 0]));
}

/** Whether each of these appears in any text that the engine holds. */
async function foundInMemory(needles: readonly Buffer[]): Promise<readonly boolean[]> {
  const found = needles.map(() => false);
  let window = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    window = Buffer.concat([window.subarray(-100), Buffer.from(chunk)]);
    for (const [at, needle] of needles.entries()) found[at] ||= window.includes(needle);
  }
  return found;
}
