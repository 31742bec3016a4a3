import { z } from "zod";
import { kubernetesObject, subdomainOrNone, texts } from "./fields.ts";

/** A user that exists on no node. */
const userId = 65532;
const objects = z.array(kubernetesObject).default([]);

export const pod = z.strictObject({
  annotations: texts.default({}),
  labels: texts.default({}),
  priorityClassName: subdomainOrNone.default(""),
  runtimeClassName: subdomainOrNone.default(""),
  nodeSelector: texts.default({ "kubernetes.io/os": "linux" }),
  tolerations: objects,
  affinity: kubernetesObject.default({}),
  securityContext: kubernetesObject.default({
    runAsNonRoot: true,
    runAsUser: userId,
    runAsGroup: userId,
    fsGroup: userId,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  }),
  containerSecurityContext: kubernetesObject.default({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  }),
  initContainers: objects,
  extraContainers: objects,
  extraEnv: objects,
  extraEnvFrom: objects,
  volumes: objects,
  volumeMounts: objects,
  lifecycle: kubernetesObject.default({}),
  terminationGracePeriodSeconds: z.int().min(1).max(3600).default(30),
  dnsPolicy: z.enum(["", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]).default(""),
  dnsConfig: kubernetesObject.default({}),
  hostAliases: objects,
  topologySpread: z
    .array(z.string().min(1))
    .default(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
});

const positive = z.int().min(1).max(3600);

interface Pace {
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

const probe = ({ timeoutSeconds, periodSeconds, failureThreshold }: Pace) =>
  z
    .strictObject({
      enabled: z.boolean().default(true),
      initialDelaySeconds: z.int().min(0).max(3600).optional(),
      timeoutSeconds: positive.default(timeoutSeconds),
      periodSeconds: positive.default(periodSeconds),
      failureThreshold: positive.default(failureThreshold),
    })
    .prefault({});

/** The pace of the kubelet's probes. */
export const probes = z.strictObject({
  startup: probe({ timeoutSeconds: 5, periodSeconds: 2, failureThreshold: 60 }),
  liveness: probe({ timeoutSeconds: 5, periodSeconds: 10, failureThreshold: 6 }),
  readiness: probe({ timeoutSeconds: 5, periodSeconds: 3, failureThreshold: 2 }),
});
