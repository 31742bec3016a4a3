import { ConfigInvalidError } from "@kasbah/runtime";
import type { Command } from "commander";
import type { AuditSource } from "../../audit/audit-source.ts";
import { localAudit } from "../../audit/local-audit.ts";
import { remoteAudit } from "../../cluster/audit/remote-audit.ts";
import { type ClusterChoice, namesCluster } from "../../kubectl/cluster-choice.ts";
import { stateDirectoryOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

/** The ledgers that a command reads. */
export interface LedgerLocation {
  readonly stateDir?: readonly string[];
}

/** The ledgers on this machine, or those of a CA in a cluster. */
export interface AuditLocation extends LedgerLocation, ClusterChoice {}

const stateDirHelp =
  "the CA's state directory; repeat it for several replicas (env: KASBAH_STATE_DIR, default: /var/lib/kasbah for root, else kasbah in $XDG_STATE_HOME)";

/** Adds the flag of a {@link LedgerLocation}. */
export function withLedgerLocation(command: Command): Command {
  const collect = (directory: string, before: readonly string[] = []) => [...before, directory];
  return command.option("--state-dir <dir>", stateDirHelp, collect);
}

/** The state directories to read: those of the flag, or else the server's default. */
export function ledgerDirectoriesOf({ stateDir }: LedgerLocation, deps: CommandDeps): readonly string[] {
  return stateDir ?? [stateDirectoryOf({}, deps)];
}

/** @throws ConfigInvalidError if the location names both this machine and a cluster */
export function auditSourceOf(location: AuditLocation, deps: CommandDeps): AuditSource {
  if (!namesCluster(location)) return localAudit(ledgerDirectoriesOf(location, deps), deps);
  if (location.stateDir === undefined) return remoteAudit(location, deps);
  throw new ConfigInvalidError([
    "--state-dir selects ledgers on this machine, but -n, --context, --kubeconfig, --installation and --pod select a CA in a cluster: use one or the other",
  ]);
}
