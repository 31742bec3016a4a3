import {
  grpcPort,
  httpPort,
  type Installation,
  inNamespace,
  namespaced,
  objectName,
  selectorLabels,
} from "./installation.ts";
import type { Manifest } from "./manifest.ts";

/** The headless Service that gives each replica its own DNS name. */
export const replicasService = `${objectName}-replicas`;

// Meshes derive the protocol of a port from the prefix of its name, and would take "grpc" for HTTP/2 without
// TLS.
export const grpcPortName = "tls-grpc";
export const httpPortName = "http-metrics";
export const probePortName = "http-probes";

export function serviceObjects(installation: Installation): readonly Manifest[] {
  return [
    namespaced(installation, "v1", "Service", {
      spec: {
        type: "ClusterIP",
        selector: selectorLabels,
        ports: [port(grpcPortName, grpcPort), port(httpPortName, httpPort)],
      },
    }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: inNamespace(installation, { name: replicasService }),
      spec: {
        type: "ClusterIP",
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: selectorLabels,
        ports: [port(grpcPortName, grpcPort)],
      },
    },
  ];
}

function port(name: string, number: number) {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
