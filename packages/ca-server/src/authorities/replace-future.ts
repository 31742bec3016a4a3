import type { Clock, Logger } from "@kasbah/runtime";
import type { AuthorityKeeper } from "./keeper.ts";
import { type AuthorityState, rootOf } from "./rotation/authority-state.ts";
import { advance } from "./rotation/rotation.ts";
import { prepare, type Successor } from "./rotation/succession.ts";
import type { SelfSigned } from "./self-signed.ts";

export interface ReplaceFutureDeps {
  readonly keeper: Pick<AuthorityKeeper, "state" | "transition">;
  readonly selfSigned: SelfSigned;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Replaces a root that begins in the future: it was created while the clock was ahead, so no client can accept
 * any certificate under it. Nothing works that the missing stages could protect.
 *
 * @returns the ids of the replaced authorities
 */
export async function replaceFutureRoot(deps: ReplaceFutureDeps): Promise<readonly string[]> {
  const { keeper, selfSigned, clock, logger } = deps;
  const { state } = keeper;
  if (!beginsInFuture(state, clock.now())) return [];
  const before = state.authorities.filter(({ stage }) => stage !== "retired").map(({ id }) => id);
  const successor = await selfSigned.createRoot(state);
  const after = await keeper.transition((current) => {
    if (!beginsInFuture(current, clock.now())) return current;
    return completed({ ...current, hold: "none", rotation: undefined }, successor, clock.now());
  });
  const replaced = after.authorities.filter(({ id, stage }) => before.includes(id) && stage === "retired");
  const ids = replaced.map(({ id }) => id);
  logger.warn("replaced authorities that begin in the future", { authorities: ids.join(", ") });
  return ids;
}

/** The ids of the signing authorities that no client can accept yet. */
export function futureAuthorities(state: AuthorityState, now: Date): readonly string[] {
  if (state.signerId === "") return [];
  const root = rootOf(state, state.signerId);
  return state.authorities
    .filter((one) => one.id === root.id || one.id === state.signerId)
    .filter(({ certificate }) => certificate.notBefore > now)
    .map(({ id }) => id);
}

function beginsInFuture(state: AuthorityState, now: Date): boolean {
  if (state.signerId === "") return false;
  const root = rootOf(state, state.signerId);
  return root.origin === "self-signed" && futureAuthorities(state, now).length > 0;
}

function completed(state: AuthorityState, successor: Successor, now: Date): AuthorityState {
  let next = prepare(state, successor, now);
  while (next.rotation !== undefined) next = advance(next, now);
  return next;
}
