import {
  type AuthorityState,
  authorityOf,
  lastLeaf,
  lastLeafEnd,
  type RotationState,
  rootOf,
} from "../authority-state.ts";
import { chainExpiry, expiredNewcomer } from "../invalid-signer.ts";
import type { Retirement } from "../retirement.ts";
import { members } from "../state-change.ts";
import type { HorizonLeaf } from "../stored-authority.ts";

/** Whether the next stage may begin, and the reason in a sentence. */
export type GateAnswer =
  | { readonly open: true; readonly reason: string }
  | {
      readonly open: false;
      readonly reason: string;
      readonly earliest?: Date;
      /** The leaf that keeps the gate closed, if it is known. */
      readonly leaf?: HorizonLeaf;
    };

/** Decides when it is safe to advance. The caller asks again until the gate is open. */
export interface RotationGate {
  mayAdvance(state: AuthorityState, rotation: RotationState, now: Date): GateAnswer;
  /** Whether authorities that retire beside the rotation may leave the trust bundle. */
  mayRetire(retirement: Retirement, now: Date): GateAnswer;
}

/**
 * A stage ends once every leaf issued before it has expired. By then every working agent has renewed at least
 * once, and each reply carries the whole trust bundle, so it holds this stage's bundle whether it reports
 * anything or not. Once the chain of the former authority has expired, no certificate that the stage protects is
 * valid, even if a later time was recorded.
 */
export const timeGate: RotationGate = {
  mayAdvance(state, rotation, now) {
    const successor = notYetValid(state, rotation, now);
    if (successor !== undefined) return successor;
    const expired = expiredNewcomer(state, now);
    if (expired !== undefined) return { open: false, reason: `${expired.id} has expired` };
    if (rotation.stage === "prepared") return { open: true, reason: "the keys are durable" };
    if (!waitsForLeaves(rotation)) {
      return {
        open: true,
        reason: "every leaf carries its intermediate, so nothing has to be distributed",
      };
    }
    const lastLeaf = Math.max(rotation.leavesUntil.getTime(), lastLeafOf(state, rotation).getTime());
    const earliest = new Date(Math.min(lastLeaf, chainExpiry(state, rotation.from).getTime()));
    if (now >= earliest)
      return { open: true, reason: `every leaf issued before "${rotation.stage}" has expired` };
    const reason = `leaves issued before "${rotation.stage}" are valid until ${earliest.toISOString()}`;
    const leaf = earliest > rotation.leavesUntil ? lateLeafOf(state, rotation) : rotation.leaf;
    return { open: false, reason, earliest, ...(leaf === undefined ? {} : { leaf }) };
  },

  mayRetire({ leavesUntil: earliest }, now) {
    if (now >= earliest) return { open: true, reason: "every leaf under it has expired" };
    const reason = `leaves under it are valid until ${earliest.toISOString()}`;
    return { open: false, reason, earliest };
  },
};

/** Whether a stage waits for leaves to expire. The others only exist so that each step is durable. */
export function waitsForLeaves({ stage, kind }: Pick<RotationState, "stage" | "kind">): boolean {
  return stage !== "prepared" && !(stage === "distributed" && kind === "intermediate");
}

/** A successor that was created under a wrong clock must never sign: every client would reject its leaves. */
function notYetValid(state: AuthorityState, { stage, to }: RotationState, now: Date): GateAnswer | undefined {
  if (stage !== "distributed") return undefined;
  const signer = authorityOf(state, to);
  const future = [rootOf(state, to), signer].find(({ certificate }) => now < certificate.notBefore);
  if (future === undefined) return undefined;
  const { notBefore } = future.certificate;
  const reason = `${future.id} is not valid before ${notBefore.toISOString()}: check the clock, or abort the rotation`;
  return { open: false, reason, earliest: notBefore };
}

/** The leaf of {@link lastLeafOf}. */
function lateLeafOf(state: AuthorityState, { from, kind }: RotationState): HorizonLeaf | undefined {
  return lastLeaf(members(state, from, kind));
}

/**
 * A call that began before the former authority stopped signing may have received its leaf a moment later.
 */
function lastLeafOf(state: AuthorityState, { stage, from, kind }: RotationState): Date {
  return stage === "distributed" ? new Date(0) : lastLeafEnd(members(state, from, kind));
}
