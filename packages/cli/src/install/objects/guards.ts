import { type Installation, namespaced, selectorLabels } from "./installation.ts";
import type { Json, Manifest } from "./manifest.ts";
import { grpcPortName, httpPortName } from "./services.ts";

/** With one replica, a budget would block evictions and prevent its node from being drained. */
export function disruptionBudget(installation: Installation): readonly Manifest[] {
  if (installation.values.replicas === 1) return [];
  const spec = {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: selectorLabels },
  };
  return [namespaced(installation, "policy/v1", "PodDisruptionBudget", { spec })];
}

/**
 * Restricts who can reach the CA, and what the CA can reach: DNS, the API server, the collector of traces, and
 * additional egress.
 */
export function networkPolicy(installation: Installation): readonly Manifest[] {
  const { networkPolicy: values, tracing } = installation.values;
  const { enabled, callersFrom, metricsFrom, apiServerPorts, extraEgress } = values;
  if (!enabled) return [];
  const spec = {
    podSelector: { matchLabels: selectorLabels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [from(grpcPortName, callersFrom), from(httpPortName, metricsFrom)],
    egress: [
      {
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
      // Both the Service's port and the target port, because network plugins differ in which one they match.
      { ports: apiServerPorts.map((port) => ({ port, protocol: "TCP" })) },
      ...(tracing.otlpEndpoint === ""
        ? []
        : [{ ports: [{ port: portOf(tracing.otlpEndpoint), protocol: "TCP" }] }]),
      ...extraEgress,
    ],
  };
  return [namespaced(installation, "networking.k8s.io/v1", "NetworkPolicy", { spec })];
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** Allows any peer by default: node proxies call from node addresses, which no selector matches. */
function from(port: string, peers: readonly Json[]): Json {
  return { ports: [{ port, protocol: "TCP" }], ...(peers.length > 0 ? { from: peers } : {}) };
}
