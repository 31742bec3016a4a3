import type { z } from "zod";
import type { probes } from "../values/pod-values.ts";
import { imageOf, pullSecrets } from "./image.ts";
import {
  grpcPort,
  httpPort,
  type Installation,
  probePort,
  selectorLabels,
  serviceAccountName,
} from "./installation.ts";
import { type Json, withoutEmpty } from "./manifest.ts";
import { policyMapName } from "./policy-map.ts";
import { policyPath, serverArguments, statePath, volumePath } from "./server-arguments.ts";
import { grpcPortName, httpPortName, probePortName } from "./services.ts";

/** The pod of a CA replica; the Pod Security level `restricted` admits it. */
export function podSpec(installation: Installation): Json {
  const { pod } = installation.values;
  return {
    serviceAccountName: serviceAccountName(installation),
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
    containers: [container(installation), ...pod.extraContainers],
    ...withoutEmpty({
      securityContext: pod.securityContext,
      initContainers: pod.initContainers,
      imagePullSecrets: pullSecrets(installation),
      priorityClassName: pod.priorityClassName,
      runtimeClassName: pod.runtimeClassName,
      dnsPolicy: pod.dnsPolicy,
      dnsConfig: pod.dnsConfig,
      hostAliases: pod.hostAliases,
      nodeSelector: pod.nodeSelector,
      tolerations: pod.tolerations,
      affinity: pod.affinity,
      topologySpreadConstraints: pod.topologySpread.map(spreadOver),
      volumes: volumes(installation),
    }),
  };
}

function container(installation: Installation): Json {
  const { image, pod, probes, resources, volume } = installation.values;
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
      ...pod.extraEnv,
    ],
    ports: [
      { name: grpcPortName, containerPort: grpcPort, protocol: "TCP" },
      { name: httpPortName, containerPort: httpPort, protocol: "TCP" },
      { name: probePortName, containerPort: probePort, protocol: "TCP" },
    ],
    ...withoutEmpty({
      envFrom: pod.extraEnvFrom,
      startupProbe: probe("live", probes.startup),
      livenessProbe: probe("live", probes.liveness),
      readinessProbe: probe("ready", probes.readiness),
      lifecycle: pod.lifecycle,
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

function probe(path: "live" | "ready", values: z.output<typeof probes>["liveness"]): Json {
  const { enabled, initialDelaySeconds, ...pace } = values;
  if (!enabled) return {};
  const delay = initialDelaySeconds === undefined ? {} : { initialDelaySeconds };
  return { httpGet: { path: `/healthz/${path}`, port: probePortName }, ...delay, ...pace };
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
  const { enabled, existingClaim } = installation.values.volume;
  const claim =
    existingClaim === "" ? [] : [{ name: "state", persistentVolumeClaim: { claimName: existingClaim } }];
  return [
    ...(enabled ? claim : [{ name: "state", emptyDir: {} }]),
    ...(policy === undefined ? [] : [{ name: "policy", configMap: { name: policy } }]),
    ...installation.values.pod.volumes,
  ];
}
