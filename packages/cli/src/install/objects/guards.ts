import { type Installation, namespaced, selectorLabels } from "./installation.ts";
import type { Json, Manifest } from "./manifest.ts";
import { grpcPortName, httpPortName } from "./services.ts";

/** Of one replica none could ever be evicted, and its node never be drained. */
export function disruptionBudget(installation: Installation): readonly Manifest[] {
  if (installation.values.replicas === 1) return [];
  const spec = {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: selectorLabels },
  };
  return [namespaced(installation, "policy/v1", "PodDisruptionBudget", { spec })];
}

/** Who may reach the CA, and whom it may reach: name servers, the API server, and what is added. */
export function networkPolicy(installation: Installation): readonly Manifest[] {
  const { enabled, callersFrom, metricsFrom, apiServerPorts, extraEgress } =
    installation.values.networkPolicy;
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
      // The Service's port and the one behind it: plugins differ in which of them they see.
      { ports: apiServerPorts.map((port) => ({ port, protocol: "TCP" })) },
      ...extraEgress,
    ],
  };
  return [namespaced(installation, "networking.k8s.io/v1", "NetworkPolicy", { spec })];
}

/** From anywhere unless peers are given: node proxies call from their nodes' addresses, which no selector matches. */
function from(port: string, peers: readonly Json[]): Json {
  return { ports: [{ port, protocol: "TCP" }], ...(peers.length > 0 ? { from: peers } : {}) };
}
