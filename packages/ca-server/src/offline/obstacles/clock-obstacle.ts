import { join } from "node:path";
import type { Clock } from "@kasbah/runtime";
import { readBootId } from "../../clock/boot-id.ts";
import { buildDate } from "../../clock/build-date.ts";
import { judgeStart } from "../../clock/judge-start.ts";
import { recordFile } from "../../clock/record.ts";
import { defaultClockBounds } from "../../config/clock.ts";
import type { StartObstacle } from "./start-obstacle.ts";

/** A clock with which the CA would not know the time. One that it only suspects does not keep it from issuing. */
export async function findClockObstacle(control: string, clock: Clock): Promise<readonly StartObstacle[]> {
  const record = await recordFile(join(control, "clock.json")).read();
  // Without a record, only the first start of a CA could be in doubt.
  if (record === undefined) return [];
  const reading = { wallMs: clock.now().getTime(), bootMs: clock.bootMs() };
  const buildMs = buildDate.getTime();
  const state = judgeStart({ reading, bootId: await readBootId(), record, buildMs }, defaultClockBounds);
  if (state.kind !== "unknown") return [];
  return [{ code: "CLOCK_SUSPECT", what: `the CA would not know the time: ${state.reason}` }];
}
