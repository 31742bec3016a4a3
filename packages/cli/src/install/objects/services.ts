import {
  grpcPort,
  httpPort,
  type Installation,
  namespaced,
  objectName,
  selectorLabels,
} from "./installation.ts";
import { type Json, type Manifest, withoutEmpty } from "./manifest.ts";

/** The headless Service that gives each replica its own DNS name. */
export const replicasService = `${objectName}-replicas`;

// Meshes derive the protocol of a port from the prefix of its name, and would take "grpc" for HTTP/2 without
// TLS.
export const grpcPortName = "tls-grpc";
export const httpPortName = "http-metrics";
export const probePortName = "http-probes";

/**
 * Callers use the first Service, which may be reachable from outside the cluster. Metrics never are: then only
 * the headless Service has their port.
 */
export function serviceObjects(installation: Installation): readonly Manifest[] {
  const { type, annotations, labels } = installation.values.service;
  const grpc = port(grpcPortName, grpcPort);
  const metrics = port(httpPortName, httpPort);
  const isInternal = type === "ClusterIP";
  return [
    namespaced(installation, "v1", "Service", { spec: callersSpec(installation) }, { annotations, labels }),
    namespaced(
      installation,
      "v1",
      "Service",
      {
        spec: {
          type: "ClusterIP",
          clusterIP: "None",
          ...families(installation),
          publishNotReadyAddresses: true,
          selector: selectorLabels,
          ports: isInternal ? [grpc] : [grpc, metrics],
        },
      },
      { name: replicasService },
    ),
  ];
}

function callersSpec(installation: Installation): Json {
  const { type, nodePort, ...service } = installation.values.service;
  const grpc = port(grpcPortName, grpcPort);
  const { clusterIP, loadBalancerClass, loadBalancerIP, loadBalancerSourceRanges } = service;
  const { externalTrafficPolicy, internalTrafficPolicy } = service;
  return {
    type,
    ...withoutEmpty({
      clusterIP,
      loadBalancerClass,
      loadBalancerIP,
      loadBalancerSourceRanges,
      externalTrafficPolicy,
      internalTrafficPolicy,
    }),
    ...families(installation),
    selector: selectorLabels,
    ports:
      type === "ClusterIP"
        ? [grpc, port(httpPortName, httpPort)]
        : [nodePort === 0 ? grpc : { ...grpc, nodePort }],
  };
}

function families({ values: { service } }: Installation) {
  const { ipFamilyPolicy, ipFamilies } = service;
  return withoutEmpty({ ipFamilyPolicy, ipFamilies });
}

function port(name: string, number: number) {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
