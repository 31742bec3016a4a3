import { ConfigInvalidError } from "@kasbah/runtime";
import { withLedger } from "../../audit/ledger-access.ts";
import { remoteRefusals } from "../../cluster/audit/refusals-of-replicas.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import type { RefusalFilter } from "../../refusals/refusal-filter.ts";
import { collectRefusals, type RefusalList } from "../../refusals/refusal-list.ts";
import { type AuditLocation, ledgerDirectoriesOf } from "../audit/location.ts";
import type { CommandDeps } from "../command-deps.ts";

/**
 * The last refusals, at most `lines`, in the ledgers on this machine or in a cluster. @throws ConfigInvalidError if the
 * location names both
 */
export async function readRefusals(
  location: AuditLocation,
  filter: RefusalFilter,
  lines: number,
  deps: CommandDeps,
): Promise<RefusalList> {
  if (namesCluster(location)) {
    if (location.stateDir === undefined) return remoteRefusals(location, filter, lines, deps);
    throw new ConfigInvalidError([
      "--state-dir selects ledgers on this machine, but -n, --context, --kubeconfig, --installation and --pod select a CA in a cluster: use one or the other",
    ]);
  }
  const directories = ledgerDirectoriesOf(location, deps);
  const collected = await withLedger(directories, deps, (ledger) => collectRefusals(ledger, filter));
  return collected.list(lines);
}
