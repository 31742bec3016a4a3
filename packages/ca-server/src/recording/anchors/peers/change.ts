import type { LedgerHead } from "../../../authorities/rotation/authority-state.ts";

/**
 * How a replica's recorded head relates to the last known one: it extends it; it is an older copy of the control
 * state; the replica itself reported the loss of that ledger; or its ledger went back or was replaced.
 */
export type PeerChange = "same" | "extends" | "older" | "replaced" | "lost";

export function peerChangeOf(before: LedgerHead, head: LedgerHead): PeerChange {
  if (isSameHead(before, head)) return "same";
  const isExtended = head.origin === before.origin && head.size > before.size;
  if (isExtended) return "extends";
  // After a restore of the Secret, replicas record their heads again within minutes.
  if (head.time <= before.time) return "older";
  return isReplaced(before, head) ? "replaced" : "lost";
}

/** The replica, as an operator knows it. */
export function replicaName({ place, holder }: LedgerHead): string {
  return place ?? holder;
}

export function isSameReplica(one: LedgerHead, other: LedgerHead): boolean {
  return one.holder === other.holder || (one.place !== undefined && one.place === other.place);
}

/** The replica began a new ledger, and named at least what is known of the lost one. */
function isReplaced(before: LedgerHead, { origin, follows }: LedgerHead): boolean {
  if (origin === before.origin || follows?.origin !== before.origin) return false;
  return follows.size > before.size || isSameHead(follows, before);
}

type HeadName = Pick<LedgerHead, "origin" | "size" | "root">;

function isSameHead(one: HeadName, other: HeadName): boolean {
  return one.origin === other.origin && one.size === other.size && one.root === other.root;
}
