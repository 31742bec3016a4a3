import type { ValuesInput } from "../../../packages/cli/src/install/values/values.ts";

/** Every value of the pod and of the objects around it, each different from its default. */
const everyPodValue: ValuesInput = {
  global: {
    imageRegistry: "mirror.example/",
    imagePullSecrets: ["mirror", { name: "pull" }, { name: "shared" }],
    team: { any: ["value"] },
  },
  image: { repository: "mesh/ca" },
  imagePullSecrets: [{ name: "pull" }],
  commonLabels: { team: "mesh", "app.kubernetes.io/name": "kept", tier: "common" },
  commonAnnotations: { owner: "mesh@example", note: "yes", tier: "common" },
  updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
  serviceAccount: { name: "mesh-ca", annotations: { "eks.amazonaws.com/role-arn": "arn:x", tier: "own" } },
  service: {
    type: "LoadBalancer",
    annotations: { "service.beta.kubernetes.io/internal": "true", tier: "own" },
    labels: { expose: "vms", tier: "own" },
    clusterIP: "10.96.0.99",
    ipFamilyPolicy: "PreferDualStack",
    ipFamilies: ["IPv6", "IPv4"],
    nodePort: 30012,
    loadBalancerClass: "example.com/internal",
    loadBalancerIP: "192.0.2.9",
    loadBalancerSourceRanges: ["192.0.2.0/24", "2001:db8::/32"],
    externalTrafficPolicy: "Local",
    internalTrafficPolicy: "Cluster",
  },
  pod: {
    labels: { tier: "own" },
    runtimeClassName: "gvisor",
    extraContainers: [{ name: "key-agent", image: "mesh/key-agent:1", args: ["yes: # {{ no template }}"] }],
    extraEnv: [
      { name: "NODE_OPTIONS", value: "--max-old-space-size=256" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "token" } } },
    ],
    extraEnvFrom: [{ configMapRef: { name: "proxies", optional: true } }],
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    terminationGracePeriodSeconds: 60,
    dnsPolicy: "None",
    dnsConfig: { nameservers: ["192.0.2.53"], options: [{ name: "ndots", value: "1" }] },
    hostAliases: [{ ip: "192.0.2.1", hostnames: ["hsm.example"] }],
  },
  probes: {
    startup: { initialDelaySeconds: 0, failureThreshold: 120 },
    liveness: { timeoutSeconds: 10 },
    readiness: { periodSeconds: 1 },
  },
};

/** Installations that show the values of the pod and of the objects around it. */
export const podInstallations: Readonly<Record<string, ValuesInput>> = {
  "every value of the pod": everyPodValue,
  "a NodePort": { service: { type: "NodePort", nodePort: 32012 } },
  "IPv6 only": { service: { ipFamilies: ["IPv6"], ipFamilyPolicy: "SingleStack" } },
  "an existing claim": { volume: { existingClaim: "restored" } },
  "the service account of another chart": { serviceAccount: { create: false, name: "shared" } },
  "an own SPIFFE ID with another service account": {
    serviceAccount: { name: "mesh-ca" },
    ca: { extraArgs: ["--own-spiffe-id=spiffe://cluster.local/ca"] },
  },
  "a global registry and a repository with its own": { global: { imageRegistry: "mirror.example" } },
};

/** The same with nulls, which remove a default: as in a file, not as TypeScript has them. */
export const removedDefaults: Readonly<Record<string, object>> = {
  "without security contexts": { pod: { securityContext: null, containerSecurityContext: null } },
  "without two probes": {
    probes: {
      startup: null,
      liveness: { enabled: false },
      readiness: { enabled: false, timeoutSeconds: null },
    },
  },
  "without an update strategy": {
    updateStrategy: null,
    global: { imageRegistry: null, imagePullSecrets: null },
  },
};
