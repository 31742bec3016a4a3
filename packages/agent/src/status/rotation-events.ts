import type { Clock, Logger } from "@kasbah/runtime";
import type { CertificateAuthority } from "../ca/ca-client.ts";
import type { RotationFailure, RotationObserver } from "../rotation/rotator.ts";
import type { WorkloadSecret } from "../secret-store.ts";
import type { AgentMetrics } from "./metrics.ts";

/** Writes rotations and their failures to log and metrics. */
export function observeRotations(metrics: AgentMetrics, logger: Logger): RotationObserver {
  return {
    onRotated(secret) {
      metrics.rotations.inc();
      logger.info("secret published", factsOf(secret));
    },
    onFailed({ error, code, failures, retryInMs }: RotationFailure) {
      metrics.rotationFailures.inc({ code });
      const facts = { code, failures, retryInMs: Math.round(retryInMs), error };
      // These wait for a person; an unreachable CA is usually back by itself.
      const isLoud =
        code === "CA_REFUSED" ||
        code === "CA_REPLY_INVALID" ||
        code === "CONFIG_INVALID" ||
        code === "UNEXPECTED";
      logger[isLoud ? "error" : "warn"]("no new secret; what is served stays", facts);
    },
  };
}

const csr = { request_type: "csr" };

/** The same authority, with each call counted and timed. */
export function countCalls(
  authority: CertificateAuthority,
  metrics: AgentMetrics,
  clock: Clock,
): CertificateAuthority {
  let isRetry = false;
  return {
    async createCertificate(order, signal) {
      const startedMs = clock.monotonicMs();
      metrics.csrs.inc(csr);
      if (isRetry) metrics.csrRetries.inc(csr);
      isRetry = true;
      try {
        const chain = await authority.createCertificate(order, signal);
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

function factsOf({ spiffeId, leaf, bundle, notAfter, rotateAt }: WorkloadSecret) {
  return {
    spiffeId: spiffeId.toString(),
    serial: leaf.serial,
    fingerprint: leaf.fingerprint,
    roots: bundle.roots.map((root) => root.fingerprint),
    notAfter: notAfter.toISOString(),
    rotateAt: rotateAt.toISOString(),
  };
}
