import { ConfigInvalidError } from "@kasbah/runtime";
import type { AuditSource } from "../../audit/audit-source.ts";
import type { LedgerLocation } from "../../audit/ledger-access.ts";
import { localAudit } from "../../audit/local-audit.ts";
import { remoteAudit } from "../../cluster/remote-audit.ts";
import { type ClusterChoice, namesCluster } from "../../kubectl/cluster-choice.ts";
import type { CommandDeps } from "../command-deps.ts";

/** The ledgers on this machine, or those of a CA in a cluster. */
export interface AuditLocation extends LedgerLocation, ClusterChoice {}

/** @throws ConfigInvalidError when it would be on this machine and in a cluster */
export function auditSourceOf(location: AuditLocation, deps: CommandDeps): AuditSource {
  if (!namesCluster(location)) return localAudit(location, deps);
  if (location.stateDir === undefined) return remoteAudit(location, deps);
  throw new ConfigInvalidError([
    "--state-dir names ledgers of this machine; -n, --context, --kubeconfig and --pod those of a CA in a cluster",
  ]);
}
