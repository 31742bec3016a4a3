import { holdsEntries, ledgerDirectoryAt, readHolders } from "@kasbah/ledger";
import type { DistrustPreviewMessage } from "@kasbah/protocol";
import { planPossible } from "../authorities/compromise/distruster.ts";
import { previewOf } from "../authorities/compromise/preview.ts";
import { stateDirectoryAt } from "../store/state-directory.ts";
import { readAuthorityState } from "./offline-status.ts";

/**
 * Reports what distrusting an authority of a stopped CA would do. It needs no key and changes nothing but the index of
 * the ledger, which is derived from it.
 *
 * @throws OperationError if it would be refused; StateError `STATE_MISSING`, `STATE_DAMAGED`
 */
export async function previewStoppedDistrust(
  stateDirectory: string,
  id: string,
  now: Date,
): Promise<DistrustPreviewMessage> {
  const state = await readAuthorityState(stateDirectory);
  const { ledger } = stateDirectoryAt(stateDirectory);
  const holders = async (authorities: ReadonlySet<string>) => {
    // Certificates may exist all the same, for example after a restore.
    if (!(await holdsEntries(ledger))) throw new Error("the ledger is empty");
    return readHolders(ledgerDirectoryAt(ledger), authorities, now);
  };
  return previewOf(planPossible(state, id, now), state, { holders, now });
}
