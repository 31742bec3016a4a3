import type { Clock } from "@kasbah/runtime";
import type { CertificateAuthority } from "../ca/ca-client.ts";
import type { AgentMetrics } from "./metrics.ts";

const csr = { request_type: "csr" };

/** Wraps an authority to count and time each call. */
export function countCalls(
  authority: CertificateAuthority,
  metrics: AgentMetrics,
  clock: Clock,
): CertificateAuthority {
  let isRetry = false;
  return {
    async createCertificate(call, signal) {
      const startedMs = clock.monotonicMs();
      metrics.csrs.inc(csr);
      if (isRetry) metrics.csrRetries.inc(csr);
      isRetry = true;
      try {
        const chain = await authority.createCertificate(call, signal);
        isRetry = false;
        return chain;
      } catch (error) {
        metrics.csrFailures.inc(csr);
        throw error;
      } finally {
        metrics.csrLatencyMs.inc(csr, clock.monotonicMs() - startedMs);
      }
    },
  };
}
