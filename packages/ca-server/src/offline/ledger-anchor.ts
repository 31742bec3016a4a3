import type { LedgerHead } from "../authorities/rotation/authority-state.ts";
import { decodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { ownHeadOf } from "../recording/anchors/own-head.ts";
import { readControlState } from "../store/control/files.ts";
import { stateDirectoryAt } from "../store/state-directory.ts";

/**
 * The head of the ledger that the control state in a state directory names. Undefined if the control state is
 * elsewhere, damaged, or of a release that recorded none.
 *
 * @param origin the log's name in its checkpoints, if it is known
 */
export async function readLedgerAnchor(
  stateDirectory: string,
  origin: string | undefined,
): Promise<LedgerHead | undefined> {
  try {
    const state = decodeState(await readControlState(stateDirectoryAt(stateDirectory).control));
    const home = { volumeId: "", place: undefined, isShared: false };
    return ownHeadOf(state.ledgers ?? [], origin, home);
  } catch (error) {
    if (error instanceof StateError || error instanceof TypeError) return undefined;
    throw error;
  }
}
