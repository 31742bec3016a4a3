import type { AuthorityState } from "../authority-state.ts";
import { retire, retirementsOf } from "../retirement.ts";
import { advance } from "../rotation.ts";
import type { StageGuard } from "./stage-guard.ts";

/** Returns the state after the next stage of the rotation or of what retires beside it; undefined if none may begin. */
export function nextStep(
  state: AuthorityState,
  guard: Pick<StageGuard, "mayAdvance" | "mayRetire">,
  now: Date,
): AuthorityState | undefined {
  const { rotation, hold } = state;
  if (hold === "all") return undefined;
  if (rotation !== undefined && guard.mayAdvance(state, rotation, now).open) return advance(state, now);
  const due = retirementsOf(state).find((each) => guard.mayRetire(each, now).open);
  return due === undefined ? undefined : retire(state, due, now);
}
