import {
  grpcPort,
  httpPort,
  type Installation,
  objectName,
  probePort,
  selectorLabels,
} from "./installation.ts";
import { type Json, withoutEmpty } from "./manifest.ts";
import { policyMapName } from "./policy-map.ts";
import { policyPath, serverArguments, statePath, volumePath } from "./server-arguments.ts";
import { grpcPortName, httpPortName, probePortName } from "./services.ts";

/** The pod of a CA replica; the Pod Security level `restricted` admits it. */
export function podSpec(installation: Installation): Json {
  const { pod, imagePullSecrets } = installation.values;
  return {
    serviceAccountName: objectName,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    containers: [container(installation)],
    ...withoutEmpty({
      securityContext: pod.securityContext,
      initContainers: pod.initContainers,
      imagePullSecrets,
      priorityClassName: pod.priorityClassName,
      nodeSelector: pod.nodeSelector,
      tolerations: pod.tolerations,
      affinity: pod.affinity,
      topologySpreadConstraints: pod.topologySpread.map(spreadOver),
      volumes: volumes(installation),
    }),
  };
}

function container(installation: Installation): Json {
  const { image, pod, resources, volume } = installation.values;
  return {
    name: "kasbah-server",
    image: imageOf(installation),
    imagePullPolicy: image.pullPolicy,
    command: ["kasbah-server"],
    args: serverArguments(installation),
    env: [
      // In the environment, so that kasbah finds the CA if it runs in the pod.
      { name: "KASBAH_STATE_DIR", value: statePath },
      ofPod("POD_NAME", "metadata.name"),
      ofPod("POD_NAMESPACE", "metadata.namespace"),
      // What keeps its name as long as the volume of the ledger exists.
      ofPod("KASBAH_LEDGER_PLACE", volume.enabled ? "metadata.name" : "metadata.uid"),
    ],
    ports: [
      { name: grpcPortName, containerPort: grpcPort, protocol: "TCP" },
      { name: httpPortName, containerPort: httpPort, protocol: "TCP" },
      { name: probePortName, containerPort: probePort, protocol: "TCP" },
    ],
    startupProbe: probe("live", { periodSeconds: 2, failureThreshold: 60 }),
    livenessProbe: probe("live", { periodSeconds: 10, failureThreshold: 6 }),
    readinessProbe: probe("ready", { periodSeconds: 3, failureThreshold: 2 }),
    ...withoutEmpty({
      securityContext: pod.containerSecurityContext,
      resources: withoutEmpty({
        requests: withoutEmpty(resources.requests),
        limits: withoutEmpty(resources.limits),
      }),
    }),
    volumeMounts: mounts(installation),
  };
}

function ofPod(name: string, fieldPath: string): Json {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function imageOf({ values: { image }, version }: Installation): string {
  const digest = image.digest === "" ? "" : `@${image.digest}`;
  return `${image.repository}:${image.tag || version}${digest}`;
}

function probe(path: "live" | "ready", pace: Readonly<Record<string, number>>): Json {
  return { httpGet: { path: `/healthz/${path}`, port: probePortName }, timeoutSeconds: 5, ...pace };
}

function spreadOver(topologyKey: string): Json {
  const labelSelector = { matchLabels: selectorLabels };
  return { maxSkew: 1, topologyKey, whenUnsatisfiable: "ScheduleAnyway", labelSelector };
}

function mounts(installation: Installation): Json {
  const state = { name: "state", mountPath: volumePath };
  // The whole directory, because the kubelet never updates a single file mounted with subPath.
  const policy = { name: "policy", mountPath: policyPath, readOnly: true };
  const own = policyMapName(installation) === undefined ? [state] : [state, policy];
  return [...own, ...installation.values.pod.volumeMounts];
}

function volumes(installation: Installation): Json {
  const policy = policyMapName(installation);
  return [
    ...(installation.values.volume.enabled ? [] : [{ name: "state", emptyDir: {} }]),
    ...(policy === undefined ? [] : [{ name: "policy", configMap: { name: policy } }]),
    ...installation.values.pod.volumes,
  ];
}
