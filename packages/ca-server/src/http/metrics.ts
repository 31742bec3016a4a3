import { Counter, Histogram, type Registry } from "@kasbah/runtime";

/** What the CA counts. Names that begin with `citadel_` are Istio's, so that its dashboards and alerts keep working. */
export interface CaMetrics {
  csrReceived(): void;
  certificateIssued(durationMs: number): void;
  /** `citadel` is Istio's class of the error. */
  callRefused(code: string, citadel: string): void;
}

/** Registers the CA's counters. Istio exports its counters without an added `_total`. */
export function createCaMetrics(registry: Registry): CaMetrics {
  const { csrs, strangers, issued, failed, refusals } = createCounters(registry);
  const duration = new Histogram({
    name: "kasbah_issuance_duration_seconds",
    help: "From the call to the durable record, of calls that got a certificate.",
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: [registry],
  });
  return {
    csrReceived: () => csrs.inc(),
    certificateIssued(durationMs) {
      issued.inc();
      duration.observe(durationMs / 1000);
    },
    callRefused(code, citadel) {
      refusals.inc({ code });
      if (citadel === "authentication") strangers.inc();
      else failed.inc({ error: citadel });
    },
  };
}

function createCounters(registry: Registry) {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    csrs: counter("citadel_server_csr_count", "CSRs received, before authentication."),
    strangers: counter("citadel_server_authentication_failure_count", "Calls whose caller was not accepted."),
    issued: counter("citadel_server_success_cert_issuance_count", "Certificates issued."),
    failed: counter("citadel_server_csr_sign_err_count", "CSRs of known callers that failed.", ["error"]),
    refusals: counter("kasbah_refusals", "Refused calls by code.", ["code"]),
  };
}
