import { Counter, type FailedHandshake, type Registry } from "@kasbah/runtime";

/** Counts what clients do before they are authenticated. */
export interface UnauthenticatedMetrics {
  readonly handshakeFailed: (reason: FailedHandshake) => void;
  /** A refused call was only counted in the log. */
  readonly refusalUnlogged: () => void;
}

const reasons: Readonly<Record<FailedHandshake, true>> = {
  unknown_root: true,
  expired: true,
  no_certificate: true,
  client_certificate: true,
  protocol: true,
  timeout: true,
  reset: true,
  closed: true,
  no_call: true,
  other: true,
};

export function createUnauthenticatedMetrics(registry: Registry): UnauthenticatedMetrics {
  const failures = new Counter({
    name: "kasbah_handshake_failures_total",
    help: "Connections to the gRPC port that ended before their first call, by reason.",
    labelNames: ["reason"],
    registers: [registry],
  });
  // Prometheus sees no increase in a series that begins with its first failure.
  for (const reason of Object.keys(reasons)) failures.inc({ reason }, 0);
  const unlogged = new Counter({
    name: "kasbah_unlogged_refusals_total",
    help: "Refused calls that the log only counts, because their callers exceeded its budget.",
    registers: [registry],
  });
  unlogged.inc(0);
  return {
    handshakeFailed: (reason) => failures.inc({ reason }),
    refusalUnlogged: () => unlogged.inc(),
  };
}
