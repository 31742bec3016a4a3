import { type AuthorityState, lastLeafEnd, type Rotation } from "./authority-state.ts";
import { members } from "./rotation.ts";

/** Whether the next stage of a rotation may begin, with the reason in a sentence. */
export type GateAnswer =
  | { readonly open: true; readonly reason: string }
  | { readonly open: false; readonly reason: string; readonly earliest?: Date };

/** Decides when it is safe to go on; asked again until it says yes. */
export interface RotationGate {
  mayAdvance(state: AuthorityState, rotation: Rotation, now: Date): GateAnswer;
}

/**
 * The gate of time: a stage lasts until the last leaf has ended that was issued before it began. An agent rotates before
 * its leaf ends, and each reply carries the whole trust bundle, so that by then every agent that works has the bundle of
 * this stage, whether it reports anything or not.
 */
export const timeGate: RotationGate = {
  mayAdvance(state, rotation, now) {
    if (rotation.stage === "prepared") return { open: true, reason: "the keys are durable" };
    if (rotation.stage === "distributed" && rotation.kind === "intermediate") {
      return {
        open: true,
        reason: "every leaf carries its intermediate, so nothing has to be distributed",
      };
    }
    const earliest = new Date(
      Math.max(rotation.leavesUntil.getTime(), lastLeafOf(state, rotation).getTime()),
    );
    if (now >= earliest)
      return { open: true, reason: `every leaf issued before "${rotation.stage}" has expired` };
    const reason = `leaves issued before "${rotation.stage}" are valid until ${earliest.toISOString()}`;
    return { open: false, reason, earliest };
  },
};

/** A call that began before the former authority stopped signing may have got its leaf a moment after. */
function lastLeafOf(state: AuthorityState, { stage, from, kind }: Rotation): Date {
  return stage === "distributed" ? new Date(0) : lastLeafEnd(members(state, from, kind));
}
