import { Counter, Gauge, Histogram, type Registry } from "@kasbah/runtime";

/**
 * Counts the CA's events. Names that begin with `citadel_` are Istio's, so that its dashboards and alerts
 * keep working.
 */
export interface CaMetrics {
  csrReceived(): void;
  certificateIssued(durationMs: number): void;
  /** A call ended without a certificate. */
  callEnded(durationMs: number): void;
  /** `citadel` is Istio's class of the error. */
  callRefused(code: string, citadel: string): void;
  /** A call was refused because of its headers alone. */
  overloaded(): void;
  /** A connection or call was ended in favor of a newer one. */
  evicted(kind: "connection" | "call"): void;
  /** A credential was checked: `accepted`, or the code of its refusal. */
  credentialChecked(kind: string, verdict: string): void;
  authenticated(durationMs: number): void;
  /** The source of a TokenReview result. */
  tokenReviewed(from: string): void;
  requestIgnored(kinds: readonly string[]): void;
  keyShared(): void;
  /** A worker process ended, and another one takes its place. */
  workerReplaced(): void;
}

/** The values that each scrape reads from the gRPC server. */
export interface ServerGauges {
  readonly inFlight: number;
  readonly waiting: number;
  readonly watches: number;
  readonly connections: number;
  readonly maxConnections: number;
  /** The number of processes that serve connections. */
  readonly processes: number;
}

const seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** Registers the CA's counters. Istio exports its counters without an added `_total`. */
export function createCaMetrics(registry: Registry): CaMetrics {
  const { csrs, unauthenticated, issued, failed, refusals, evictions, replacements } =
    createCitadelCounters(registry);
  const { credentials, reviews, ignored, sharedKeys } = createAdmissionCounters(registry);
  const { issuance, refusal, authentication } = createHistograms(registry);
  return {
    csrReceived: () => csrs.inc(),
    certificateIssued(durationMs) {
      issued.inc();
      issuance.observe(durationMs / 1000);
    },
    callEnded: (durationMs) => refusal.observe(durationMs / 1000),
    callRefused(code, citadel) {
      refusals.inc({ code });
      if (citadel === "authentication") unauthenticated.inc();
      else failed.inc({ error: citadel });
    },
    overloaded: () => refusals.inc({ code: "OVERLOADED" }),
    evicted: (kind) => evictions.inc({ kind }),
    credentialChecked: (credential, verdict) => credentials.inc({ credential, verdict }),
    authenticated: (durationMs) => authentication.observe(durationMs / 1000),
    tokenReviewed: (from) => reviews.inc({ from }),
    requestIgnored: (kinds) => {
      for (const kind of kinds) ignored.inc({ kind: boundedKind(kind) });
    },
    keyShared: () => sharedKeys.inc(),
    workerReplaced: () => replacements.inc(),
  };
}

/** Registers the gauges of the gRPC server. */
export function registerServerGauges(registry: Registry, server: ServerGauges): void {
  const gauge = gaugeFactory(registry);
  gauge("kasbah_calls_in_flight", "Calls in flight on the gRPC port.", () => server.inFlight);
  gauge(
    "kasbah_calls_waiting",
    "Calls without a slot, which wait for their body or for authentication.",
    () => server.waiting,
  );
  gauge("kasbah_watches", "Open Health/Watch streams.", () => server.watches);
  gauge("kasbah_connections", "Open connections to the gRPC port.", () => server.connections);
  gauge(
    "kasbah_max_connections",
    "The limit of connections in force, after what the host allows.",
    () => server.maxConnections,
  );
  gauge(
    "kasbah_workers",
    "Processes that serve the gRPC port: 1, or the worker processes that take connections.",
    () => server.processes,
  );
}

/** Registers the gauge of the root publisher. */
export function registerPublisherGauge(registry: Registry, publisher: { readonly conflicts: number }): void {
  const help = "Namespaces in which another program writes the root (ROOT_PUBLISHER_CONFLICT).";
  gaugeFactory(registry)("kasbah_root_publisher_conflicts", help, () => publisher.conflicts);
}

/** Returns a function that registers gauges whose value is read at each scrape. */
export function gaugeFactory(registry: Registry) {
  return (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
}

/** A CSR can name any extension, and each would otherwise create a permanent series. */
function boundedKind(kind: string): string {
  return /^[a-zA-Z]+$/.test(kind) ? kind : "other";
}

function counterFactory(registry: Registry) {
  return <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] });
}

function createCitadelCounters(registry: Registry) {
  const counter = counterFactory(registry);
  return {
    csrs: counter("citadel_server_csr_count", "Requests, counted before authentication."),
    unauthenticated: counter(
      "citadel_server_authentication_failure_count",
      "Calls whose caller failed authentication.",
    ),
    issued: counter("citadel_server_success_cert_issuance_count", "Certificates issued."),
    failed: counter(
      "citadel_server_csr_sign_err_count",
      "Failed requests of authenticated callers, by Istio's error classes.",
      ["error"],
    ),
    refusals: counter("kasbah_refusals", "Refused calls, by code.", ["code"]),
    replacements: counter("kasbah_worker_replacements", "Worker processes that ended and were replaced."),
    evictions: counter(
      "kasbah_evictions",
      "Connections and calls that the CA ended in favor of newer ones, by kind: connection or call.",
      ["kind"],
    ),
  };
}

function createAdmissionCounters(registry: Registry) {
  const counter = counterFactory(registry);
  return {
    credentials: counter(
      "kasbah_credentials",
      "Tokens and client certificates verified, by kind and verdict: accepted, or the code of the refusal.",
      ["credential", "verdict"],
    ),
    reviews: counter(
      "kasbah_token_reviews",
      "TokenReview results: from the api-server, from the cache, shared with a concurrent call that presented the same token, or rejected by the key-set of the cluster.",
      ["from"],
    ),
    ignored: counter(
      "kasbah_csr_ignored",
      "CSRs that requested something the CA does not grant, such as basicConstraints, subject or dNSName.",
      ["kind"],
    ),
    sharedKeys: counter(
      "kasbah_duplicate_key_total",
      "CSRs with a public key that another pod has presented.",
    ),
  };
}

function createHistograms(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, registers: [registry] });
  const issuance = "Time from the call to the durable ledger entry, for calls that obtained a certificate.";
  return {
    issuance: histogram("kasbah_issuance_duration_seconds", issuance, seconds),
    refusal: histogram("kasbah_refusal_duration_seconds", "Time from the call to its refusal.", seconds),
    authentication: histogram(
      "kasbah_authentication_duration_seconds",
      "Time to authenticate the caller, successfully or not.",
      seconds,
    ),
  };
}
