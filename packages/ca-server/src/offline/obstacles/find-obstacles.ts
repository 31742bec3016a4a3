import { findDamage, ledgerDirectoryAt } from "@kasbah/ledger";
import type { Clock } from "@kasbah/runtime";
import { stateDirectoryAt } from "../../store/state-directory.ts";
import { findClockObstacle } from "./clock-obstacle.ts";
import { findLockHolder } from "./lock-obstacle.ts";
import type { StartObstacle } from "./start-obstacle.ts";
import { findStateObstacles } from "./state-obstacles.ts";

export interface ObstacleOptions {
  /** Whether the keys and the state may be in a Secret instead. */
  readonly mayBeElsewhere: boolean;
  readonly clock: Clock;
}

/**
 * Finds what keeps the CA of a state directory from starting, in the order in which the start would meet it. It
 * changes nothing.
 */
export async function findStartObstacles(
  stateDirectory: string,
  { mayBeElsewhere, clock }: ObstacleOptions,
): Promise<readonly StartObstacle[]> {
  const state = stateDirectoryAt(stateDirectory);
  const holder = await findLockHolder(state.control);
  // Its process reads and writes all of this right now.
  if (holder !== undefined) return [holder];
  const damage = await findDamage(ledgerDirectoryAt(state.ledger));
  return [
    ...(await findClockObstacle(state.control, clock)),
    ...(damage === undefined ? [] : [{ code: "LEDGER_DAMAGED", what: `the ledger is damaged: ${damage}` }]),
    ...(await findStateObstacles(stateDirectory, mayBeElsewhere)),
  ];
}
