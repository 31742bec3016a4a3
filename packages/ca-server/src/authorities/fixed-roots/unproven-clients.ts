import { OperationError } from "../../errors.ts";
import { type AuthorityState, lastLeafEnd } from "../rotation/authority-state.ts";
import { bridges } from "./cross-chain.ts";
import { type RootChange, rootChangeOf } from "./root-change.ts";

/** How far the limit moves beyond a leaf's expiry, as a share of its remaining lifetime: see the leaf horizon. */
const slackShare = 1 / 8;

/**
 * Returns the roots of a rotation whose clients must hold the new root before the old one retires: no
 * cross-certificate connects the two. A root that has expired or is distrusted is of no use to a client, so
 * nothing waits for it.
 */
export function unbridgedChange(state: AuthorityState, now: Date): RootChange | undefined {
  const change = rootChangeOf(state);
  if (change === undefined || now >= change.from.certificate.notAfter) return undefined;
  if (change.from.distrustedAt !== undefined) return undefined;
  return bridges(state, change.from.id, change.to.id, now) ? undefined : change;
}

/**
 * Begins to watch clients. If an earlier release began the rotation, every certificate so far may belong to a
 * client that does not hold the new root.
 */
export function watchClients(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined || rotation.unprovenUntil !== undefined) return state;
  if (unbridgedChange(state, now) === undefined) return state;
  const unprovenUntil = rotation.stage === "prepared" ? new Date(0) : lastLeafEnd(state.authorities);
  return { ...state, rotation: { ...rotation, unprovenUntil } };
}

/** Whether the state knows of a client without proof that has a certificate until `leafEnd`. */
export function coversClient({ rotation }: AuthorityState, leafEnd: Date): boolean {
  return rotation?.unprovenUntil !== undefined && rotation.unprovenUntil >= leafEnd;
}

/**
 * Records that a client without proof has a certificate until `leafEnd`; the same state if nothing waits for
 * it.
 */
export function coverClient(state: AuthorityState, leafEnd: Date, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined || coversClient(state, leafEnd)) return state;
  if (unbridgedChange(state, now) === undefined) return state;
  const slackMs = (leafEnd.getTime() - now.getTime()) * slackShare;
  const unprovenUntil = new Date(leafEnd.getTime() + slackMs);
  return { ...state, rotation: { ...rotation, unprovenUntil } };
}

/**
 * Lets the rotation go on without the clients that have not shown that they hold the new root.
 *
 * @throws OperationError unless such a rotation is in the stage in which the CA knows these clients
 */
export function continueWithoutProof(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined || rootChangeOf(state) === undefined)
    throw new OperationError("no rotation of the root is in progress");
  if (unbridgedChange(state, now) === undefined)
    throw new OperationError(
      "the rotation does not wait for clients: those that hold only the old root accept the new one through a cross-certificate",
    );
  if (rotation.stage === "retiring") throw new OperationError("the old root is already retiring");
  if (rotation.stage !== "active") {
    throw new OperationError(
      `the rotation is in the stage "${rotation.stage}", in which clients still learn the new root: wait for the stage "active"`,
    );
  }
  return { ...state, epoch: state.epoch + 1, rotation: { ...rotation, withoutProof: true } };
}
