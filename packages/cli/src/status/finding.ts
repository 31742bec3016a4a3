export type StatusLevel = "ok" | "warning" | "critical";

export type StatusArea =
  | "ca"
  | "issuer"
  | "rotation"
  | "refusals"
  | "identities"
  | "ledger"
  | "disk"
  | "clock"
  | "replicas";

/** What an operator should know about a CA, with its fix. */
export interface StatusFinding {
  /** A finding of the level `ok` informs, and does not change the level of the report. */
  readonly level: StatusLevel;
  readonly area: StatusArea;
  /** Stable, for scripts. */
  readonly code: string;
  readonly what: string;
  /** An imperative; a command where one exists. */
  readonly fix: string;
  /** The page that explains more, such as `docs/runbooks/disk-full.md`. */
  readonly page?: string;
  /** The replicas that it concerns; absent if all, or if there is only one. */
  readonly replicas?: readonly string[];
}

const severity = ["ok", "warning", "critical"] as const satisfies readonly StatusLevel[];

/** The worst of the levels; `ok` if there is none. */
export function worstLevel(levels: readonly StatusLevel[]): StatusLevel {
  return severity[Math.max(0, ...levels.map((level) => severity.indexOf(level)))] ?? "ok";
}

/** The worst first; findings of one level keep their order. */
export function bySeverity(one: StatusFinding, other: StatusFinding): number {
  return severity.indexOf(other.level) - severity.indexOf(one.level);
}
