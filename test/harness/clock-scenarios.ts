import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { ClockTrial } from "./clock-trial.ts";
import { runbookBlocks } from "./runbook/page.ts";

/** The commands of the runbook that ask the CA, in the order of the page, without the way into its pod. */
const runbookCommandsForCa = runbookBlocks("wrong-clock")
  .flatMap(({ lines }) => lines)
  .flatMap((line) => /(?:^| -- )kasbah (.+)$/.exec(line)?.[1] ?? [])
  .map((command) => command.split(" "));

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The ways in which a clock is wrong. */
export const wrongClocks = {
  "8 years ahead": 2920 * dayMs,
  "400 days ahead": 400 * dayMs,
  "243 days ahead": 243 * dayMs,
  "10 hours ahead": 10 * hourMs,
  "2 days behind": -2 * dayMs,
  "15 minutes behind": -15 * minuteMs,
  "in 1970": -(56 * 365 * dayMs),
} as const;

export type WrongClock = keyof typeof wrongClocks;

/** A jump that the CA follows, because it is within `--max-clock-jump`. */
const isFollowed = (ms: number) => ms > 0 && ms <= dayMs;

/** The clock is wrong for a while under a root rotation that waits, and is then right again. */
export async function wrongWhileRunning(library: string, name: WrongClock): Promise<void> {
  await using trial = await ClockTrial.create(library);
  const wrongMs = wrongClocks[name];
  await trial.start();
  await trial.mustIssue();
  await trial.kasbah("authority", "rotate", "--root");
  await trial.mustIssue();
  const before = await kept(trial);
  await trial.setWrong(wrongMs);
  await trial.ca.says(isFollowed(wrongMs) ? "clock of the machine was set" : "clock is suspect");
  await severalLooks();
  if (!isFollowed(wrongMs)) await trial.mustIssue();
  assert.match(await trial.issue(await trial.expiredToken()), /TOKEN_EXPIRED/);
  await nothingLost(trial, before);
  await trial.setWrong(0);
  await trial.ca.until(
    "the clock is trusted",
    async () => (await trial.ca.metric("kasbah_clock_suspect")) === 0,
  );
  await issuesSoon(trial);
  await nothingLost(trial, before);
  assert.equal(await trial.rotationStage(), "distributed");
}

/** The CA is restarted with a wrong clock, and again with a right one. */
export async function wrongAtOneStart(library: string, name: WrongClock): Promise<void> {
  await using trial = await ClockTrial.create(library);
  const wrongMs = wrongClocks[name];
  await trial.start();
  await trial.mustIssue();
  await trial.kasbah("authority", "rotate", "--root");
  await trial.mustIssue();
  const before = await kept(trial);
  await trial.stop();
  await trial.setWrong(wrongMs);
  await trial.start();
  if (!isFollowed(wrongMs)) await trial.mustIssue();
  await severalLooks();
  await nothingLost(trial, before);
  await trial.stop();
  await trial.setWrong(0);
  await trial.start();
  await issuesSoon(trial);
  await nothingLost(trial, before);
  assert.equal(await trial.rotationStage(), "distributed");
}

/** The first start of a CA has a wrong clock, which is then set right. It takes one printed command at most. */
export async function wrongAtFirstStart(library: string, name: WrongClock): Promise<void> {
  await using trial = await ClockTrial.create(library);
  await trial.setWrong(wrongClocks[name]);
  trial.launch();
  const isWaiting = () => trial.ca.log.includes('"event":"clock is suspect"');
  const isServing = () => trial.ca.log.includes('"event":"status server listens"');
  await trial.ca.until("a first look at the clock", () => isWaiting() || isServing());
  if (isWaiting()) assert.deepEqual(await trial.keys(), [], "no root is made in a time before the release");
  const wasReady = !isWaiting();
  await trial.setWrong(0);
  await trial.ca.untilReady();
  if (wasReady)
    await trial.ca.until("the step was noticed", () =>
      /clock (is suspect|of the machine was set)/.test(trial.ca.log),
    );
  const { warnings = [] } = await trial.ca.readiness();
  if (warnings.length > 0) {
    assert.match(warnings.join(), /kasbah clock accept/);
    assert.deepEqual(runbookCommandsForCa, [
      ["clock", "status"],
      ["clock", "accept"],
    ]);
    for (const command of runbookCommandsForCa) await trial.kasbah(...command);
  }
  await issuesSoon(trial);
  assert.deepEqual((await trial.ca.readiness()).warnings ?? [], []);
  assert.ok(trial.verifyPairs() > 0);
}

interface Kept {
  readonly keys: readonly string[];
  readonly entries: number;
}

async function kept(trial: ClockTrial): Promise<Kept> {
  return { keys: await trial.keys(), entries: await trial.entries() };
}

async function nothingLost(trial: ClockTrial, { keys, entries }: Kept): Promise<void> {
  const now = await trial.keys();
  assert.deepEqual(now, keys, "no key was destroyed");
  assert.ok((await trial.entries()) >= entries, "no entry was lost");
  assert.ok(trial.verifyPairs() > 0);
}

/** Within 60 s of the right time. */
async function issuesSoon(trial: ClockTrial): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + minuteMs;
  for (;;) {
    try {
      return await trial.mustIssue();
    } catch (error) {
      if (systemClock.monotonicMs() > deadlineMs) throw error;
      await systemClock.sleep(500);
    }
  }
}

/** The CA looks at its rotation each second. */
function severalLooks(): Promise<void> {
  return systemClock.sleep(4_000);
}
