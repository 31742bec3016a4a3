import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../../harness/ca-process.ts";
import { type Vitals, vitalsOf } from "../../harness/vitals.ts";
import { controlCall } from "./control-call.ts";

const answerWithinMs = 250;
const attempts = 3;
const recoverWithinMs = 60_000;

/**
 * Runs an attack and asserts that the server serves others during and after it, in the same process, which
 * then releases its memory and descriptors.
 */
export async function withstand(ca: RunningCa, attack: () => Promise<void>): Promise<void> {
  const before = await vitalsOf(ca.pid);
  await Promise.all([attack(), servesOthers(ca, "during the attack")]);
  await servesOthers(ca, "after the attack");
  await recovers(ca, before);
}

/**
 * How long the CA delays a call: the elapsed time or, if less, the CPU time that the CA uses meanwhile. On a busy machine,
 * other processes delay the call as well.
 */
export async function delayIn({ pid }: RunningCa, call: () => Promise<unknown>): Promise<number> {
  const before = await vitalsOf(pid);
  const startedAt = systemClock.monotonicMs();
  await call();
  const elapsedMs = systemClock.monotonicMs() - startedAt;
  return Math.min(elapsedMs, (await vitalsOf(pid)).cpuMs - before.cpuMs);
}

/** Uses the fastest of several calls, because a garbage collection may delay one of them. */
export async function servesOthers(ca: RunningCa, when: string): Promise<void> {
  const took: number[] = [];
  while (took.length < attempts && !took.some((ms) => ms < answerWithinMs)) {
    took.push(await delayIn(ca, () => controlCall(ca)));
  }
  assert.ok(
    took.some((ms) => ms < answerWithinMs),
    `control calls took ${took.map(Math.round).join(", ")} ms ${when}`,
  );
}

/** The same process releases its descriptors, and its memory as far as V8 does. */
export async function recovers({ pid, process: { hasExited } }: RunningCa, before: Vitals): Promise<void> {
  assert.equal(hasExited, false, "the attacked process must not exit");
  const mostMiB = before.rssMiB * 1.3 + 30;
  const mostFds = before.fds + 2;
  let last = before;
  await untilSeen("recovery", recoverWithinMs, async () => {
    last = await vitalsOf(pid);
    return (last.rssMiB <= mostMiB && last.fds <= mostFds) || undefined;
  }).catch(() => assert.fail(`before ${JSON.stringify(before)}, afterwards ${JSON.stringify(last)}`));
}
