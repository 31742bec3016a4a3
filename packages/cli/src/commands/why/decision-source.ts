import { decisionMessage } from "@kasbah/ca-server/state";
import { LedgerError } from "@kasbah/ledger";
import { withLedger } from "../../audit/ledger-access.ts";
import type { DecisionMessage } from "../../authority/admin-client.ts";
import { CliError } from "../../errors.ts";
import { type CaLocation, offlineDirectoryOf, operatorClientOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

/**
 * The CA's decision about a call. If no CA answers, the decision in the ledger of its state directory. Throws
 * CliError `ADMIN_UNREACHABLE` if there is neither, `OPERATION_REFUSED` if neither has the call,
 * `ADMIN_FORBIDDEN`.
 */
export async function readDecision(
  referenceId: string,
  location: CaLocation,
  deps: CommandDeps,
): Promise<DecisionMessage & { readonly replica?: string }> {
  try {
    return await operatorClientOf(location, deps).explainCall(referenceId);
  } catch (error) {
    const directory = offlineDirectoryOf(location, deps);
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || directory === undefined) throw error;
    return await readStopped(referenceId, { directory, away: error }, deps);
  }
}

async function readStopped(
  referenceId: string,
  { directory, away }: { readonly directory: string; readonly away: CliError },
  deps: CommandDeps,
): Promise<DecisionMessage & { readonly replica?: string }> {
  try {
    const found = await withLedger([directory], deps, (ledger) => ledger.reference(referenceId));
    if (found !== undefined) return decisionMessage(found);
  } catch (error) {
    // If no CA has ever run here, the missing socket explains more than the missing ledger.
    throw error instanceof LedgerError && error.code === "STATE_MISSING" ? away : error;
  }
  const reason = "no CA answers, and the ledger";
  throw new CliError(
    "OPERATION_REFUSED",
    `${reason} in ${directory} has no call with this reference: another replica handled it, or its entry is past retention`,
  );
}
