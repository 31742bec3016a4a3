import { join } from "node:path";
import { readStoredHeads } from "@kasbah/ca-server/state";
import type { KnownHeadMessage, KnownHeadsMessage } from "@kasbah/protocol";
import { AdminClient } from "../authority/admin-client.ts";
import { CliError } from "../errors.ts";

/** Asks the CA of a state directory, or reads what is stored there if the CA is stopped, or an earlier release. */
export async function readLocalHeads(
  stateDirectory: string,
  { origin, operator }: { readonly origin: string | undefined; readonly operator: string },
): Promise<KnownHeadsMessage> {
  try {
    return await new AdminClient(join(stateDirectory, "admin.sock"), operator).ledgerHeads();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return readStoredHeads(stateDirectory, origin);
  }
}

/** The heads that one ledger must extend, among those that several places know. */
export function headsOfLedger(
  all: readonly KnownHeadsMessage[],
  { replica, origin }: { readonly replica: string; readonly origin: string },
): readonly KnownHeadMessage[] {
  return all
    .flatMap(({ heads }) => heads)
    .filter((head) => head.origin === origin || (replica !== "" && head.replica === replica));
}
