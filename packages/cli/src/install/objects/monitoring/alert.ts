export type Severity = "info" | "warning" | "critical";

/** A rule for Prometheus, which fires once `expr` has returned something for the time `for`. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: Severity;
  readonly summary: string;
}
