import { type Clock, Counter, Gauge, type Registry } from "@kasbah/runtime";
import { type SecretStore, secretStates } from "../secret/secret-store.ts";

export type AgentMetrics = ReturnType<typeof createAgentMetrics>;

/**
 * Registers the agent's metrics; those about the secret are read from the store at each scrape. They have the
 * names of Istio's agent where it has them, so that its dashboards keep working.
 */
export function createAgentMetrics(registry: Registry, store: SecretStore, clock: Clock) {
  registerSecretGauges(registry, store);
  timeStartup(registry, store, clock);
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  const unlabeled = (name: string, help: string) => new Counter({ name, help, registers });
  return {
    csrs: counter("istio_agent_num_outgoing_requests", "Calls to the CA.", ["request_type"]),
    csrFailures: counter("istio_agent_num_failed_outgoing_requests", "Calls to the CA that failed.", [
      "request_type",
    ]),
    csrRetries: counter("istio_agent_num_outgoing_retries", "Calls to the CA after a failure.", [
      "request_type",
    ]),
    csrLatencyMs: new Counter({
      name: "istio_agent_outgoing_latency",
      help: "Total duration of the calls to the CA, as in Istio.",
      unit: "milliseconds",
      labelNames: ["request_type"],
      registers,
    }),
    nacks: counter(
      "istio_agent_pilot_total_xds_rejects",
      "Secrets that a client rejected (NACK); the log contains its message.",
      ["type"],
    ),
    staleNonces: counter("istio_agent_pilot_xds_expired_nonce", "Requests with a stale nonce.", ["type"]),
    rotations: unlabeled("kasbah_agent_rotations", "Secrets published, including the first."),
    rotationFailures: counter("kasbah_agent_rotation_failures", "Failed rotation attempts, by code.", [
      "code",
    ]),
    refusals: counter("kasbah_agent_ca_refusals", "Calls that the CA refused, by the CA's code.", ["code"]),
    streams: new Gauge({ name: "kasbah_agent_sds_streams", help: "Open SDS streams.", registers }),
    transportFaults: counter(
      "kasbah_agent_transport_faults",
      "Streams and connections of faulty clients that HTTP/2 ended before the agent saw a call, by socket (sds, workload) and HTTP/2 error code; the log contains the first of each kind.",
      ["socket", "code"],
    ),
    fileFailures: unlabeled(
      "istio_agent_num_file_secret_failures_total",
      "Times the files of a resource name could not be served.",
    ),
    fileWatchFailures: unlabeled(
      "istio_agent_num_file_watcher_failures_total",
      "Times a directory could not be watched and was polled instead.",
    ),
  };
}

/** Registers the number of roots that the agent skipped in the bundles it read last. */
export function registerSkippedRoots(registry: Registry, skipped: { readonly total: number }): void {
  new Gauge({
    name: "kasbah_agent_skipped_roots",
    help: "Blocks in root files and in the CA's reply that are not usable roots and are not trusted.",
    registers: [registry],
    collect() {
      this.set(skipped.total);
    },
  });
}

function registerSecretGauges(registry: Registry, store: SecretStore): void {
  new Gauge({
    name: "kasbah_agent_bundle_roots",
    help: "Roots in the served trust bundle; two or more during a root rotation.",
    registers: [registry],
    collect() {
      this.set(store.current?.bundle.roots.length ?? 0);
    },
  });
  new Gauge({
    name: "kasbah_agent_secret_state",
    help: "1 for the current state of the secret: starting, ready, stale (renewal is overdue) or expired.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const current = store.state();
      for (const state of secretStates) this.set({ state }, state === current ? 1 : 0);
    },
  });
}

/** Istio's agent measures until Envoy is ready, kasbah-agent until the first secret. */
function timeStartup(registry: Registry, store: SecretStore, clock: Clock): void {
  const startedMs = clock.monotonicMs();
  const gauge = new Gauge({
    name: "istio_agent_startup_duration_seconds",
    help: "Seconds from the start to the first secret.",
    registers: [registry],
  });
  const unsubscribe = store.subscribe(() => {
    gauge.set((clock.monotonicMs() - startedMs) / 1000);
    unsubscribe();
  });
}
