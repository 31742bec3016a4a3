import { installObjects, renderObjects } from "../../../packages/cli/src/install/objects/install-objects.ts";
import { profiles } from "../../../packages/cli/src/install/values/profiles.ts";
import { parseValues, type ValuesInput } from "../../../packages/cli/src/install/values/values.ts";
import { podInstallations, removedDefaults } from "./pod-installations.ts";
import { type KubernetesObject, objectsIn } from "./yaml.ts";

export const version = "0.1.0";
const peer = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } };

/** Tests set an image in every installation, because the values have no default for it. */
export const testImage: ValuesInput = { image: { repository: "registry.example/kasbah/server" } };

/** Every value, each different from its default. */
const everything: ValuesInput = {
  image: { repository: "mesh/ca", tag: "2", digest: `sha256:${"0".repeat(64)}`, pullPolicy: "Always" },
  imagePullSecrets: [{ name: "pull.secret" }],
  replicas: 3,
  ca: {
    trustDomain: "mesh.example",
    serverSans: ["ca.mesh.example", "192.0.2.1"],
    tokenAudiences: ["istio-ca", "https://sts.example: x"],
    trustedNodeAccounts: ["istio-system/ztunnel"],
    clientCertificates: true,
    stateSecret: "mesh-ca",
    checkpointConfigMap: "mesh-checkpoints",
    takeOverSecrets: ["cacerts", "istio-ca-secret"],
    defaultTtl: "1h",
    maxTtl: "12h",
    logLevel: "warn",
    extraArgs: ["--root-key=P-384", "--rotation-schedule=0 3 * * sat"],
  },
  policy: { text: "# example policy\nversion: 1\ndefault:\n  allow: true # {{ not a template }}\n" },
  rootConfigMap: {
    name: "mesh-root",
    namespaceSelector: {
      matchLabels: { mesh: "on", "example.com/team": "a" },
      matchExpressions: [
        { key: "env", operator: "In", values: ["x", "y"] },
        { key: "tier", operator: "NotIn", values: ["z"] },
        { key: "a", operator: "Exists" },
        { key: "legacy", operator: "DoesNotExist" },
      ],
    },
  },
  clusterTrustBundle: { enabled: true },
  volume: { size: "5Gi", storageClassName: "fast", accessMode: "ReadWriteOncePod" },
  resources: { requests: { cpu: 1 }, limits: { cpu: "2" } },
  pod: {
    annotations: {
      "example.com/a": "yes",
      b: "0777",
      c: "1e3",
      d: "null",
      e: "n",
      f: "1:30",
      g: "2026-01-01",
    },
    labels: { team: "mesh", "app.kubernetes.io/name": "kept" },
    priorityClassName: "system-cluster-critical",
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "infra", operator: "Exists" }],
    affinity: { nodeAffinity: {} },
    securityContext: { runAsUser: null, fsGroup: 2000, supplementalGroups: [3000] },
    containerSecurityContext: { privileged: false, capabilities: { add: ["NET_BIND_SERVICE"] } },
    initContainers: [
      { name: "copy", image: "mesh/copy:1", command: ["sh", "-c", "yes: # {{ no template }}"] },
    ],
    volumes: [{ name: "passphrase", secret: { secretName: "passphrase" } }],
    volumeMounts: [{ name: "passphrase", mountPath: "/etc/kasbah/passphrase", readOnly: true }],
    topologySpread: ["zone"],
  },
  tracing: { otlpEndpoint: "https://collector.monitoring/team" },
  networkPolicy: {
    callersFrom: [{ namespaceSelector: {} }],
    metricsFrom: [peer],
    apiServerPorts: [8443],
    extraEgress: [{ ports: [{ port: 8080, protocol: "TCP" }] }],
  },
  serviceMonitor: { enabled: true, interval: "10s", labels: { release: "prometheus" } },
  podMonitor: {
    enabled: true,
    interval: "1m",
    labels: { release: "prometheus" },
    port: "agent",
    selector: { matchLabels: { mesh: "on" } },
    namespaces: ["a", "b"],
  },
  prometheusRule: { enabled: true, labels: { role: "alerts" }, runbookUrl: "https://wiki.example/kasbah" },
};

const profileInstallations = Object.entries(profiles).map(([name, { values }]): [string, ValuesInput] => [
  `profile ${name}`,
  { ...testImage, ...values },
]);

/** The installations that tests render: each profile, and values that add or remove objects. */
export const installations: Readonly<Record<string, ValuesInput>> = {
  ...Object.fromEntries(profileInstallations),
  everything,
  "the policy in an existing ConfigMap": { ...testImage, policy: { configMap: "mesh-policy" } },
  "a shared Secret for one replica": { ...testImage, ca: { stateSecret: "mesh-ca" } },
  "without a published root": { ...testImage, rootConfigMap: { publish: false }, volume: { enabled: false } },
  "monitored agents": { ...testImage, podMonitor: { enabled: true } },
  "without requests": {
    ...testImage,
    resources: { requests: {}, limits: {} },
    pod: { nodeSelector: {} },
  },
  ...withTestImage(podInstallations),
  ...withTestImage(removedDefaults),
};

function withTestImage(given: Readonly<Record<string, object>>): Readonly<Record<string, ValuesInput>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, values]) => [name, { ...testImage, ...values }]),
  );
}

/** The objects of an installation, as `kasbah install` prints them. */
export function installed(values: ValuesInput, namespace = "kasbah-system"): readonly KubernetesObject[] {
  return objectsIn(
    renderObjects(installObjects({ namespace, version, values: parseValues(testImage, values) })),
  );
}
