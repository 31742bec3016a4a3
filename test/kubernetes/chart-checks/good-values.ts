import type { ValuesInput } from "../../../packages/cli/src/install/values/values.ts";

const policy =
  "version: 1\nrules:\n  - name: batch\n    namespaces: [batch-*]\n    allow: true\ndefault: { allow: true }\n";
const selector = {
  matchLabels: { mesh: "on" },
  matchExpressions: [
    { key: "example.com/env", operator: "In" as const, values: ["a", "b"] },
    { key: "legacy", operator: "DoesNotExist" as const },
  ],
};

/** Values from each of which a release is upgraded to the next, so they do not differ in the volume. */
export const goodValues: Readonly<Record<string, ValuesInput>> = {
  defaults: {},
  "a trust domain with an underscore": { ca: { trustDomain: "my_mesh.example" } },
  "names of the server": {
    ca: { serverSans: ["ca.example", "ca.example.", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] },
  },
  "two audiences": { ca: { tokenAudiences: ["istio-ca", "https://sts.example: x"] } },
  "a node proxy": { ca: { trustedNodeAccounts: ["istio-system/ztunnel"] } },
  "client certificates": { ca: { clientCertificates: true } },
  "a cluster trust bundle": { clusterTrustBundle: { enabled: true } },
  "copies of checkpoints": { ca: { checkpointConfigMap: "kasbah-checkpoints" } },
  "a CA of istiod to take over": { ca: { takeOverSecrets: ["cacerts", "istio-ca-secret"] } },
  "lifetimes of several units, and workers": {
    ca: { defaultTtl: "1h30m", maxTtl: "24h0m0s", workers: "auto", logLevel: "debug" },
  },
  "further flags": {
    ca: {
      extraArgs: [
        "--root-key=P-384",
        "--rotation-schedule=0 3 * * sat",
        "--no-intermediate",
        "--ledger-place=$(POD_NAME)",
      ],
    },
  },
  "a policy": { policy: { text: policy } },
  "a policy in an existing ConfigMap": { policy: { configMap: "mesh-policy" } },
  "no published root": { rootConfigMap: { publish: false } },
  "a root for some namespaces": { rootConfigMap: { name: "mesh.root", namespaceSelector: selector } },
  "three replicas": { replicas: 3 },
  "keys on the volume": { ca: { stateSecret: "" } },
  "peers of every kind": {
    networkPolicy: {
      callersFrom: [
        { namespaceSelector: selector, podSelector: {} },
        { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
        { ipBlock: { cidr: "2001:db8::/32" } },
      ],
      metricsFrom: [],
      apiServerPorts: [8443],
      extraEgress: [
        { to: [{ podSelector: selector }], ports: [{ port: 8080, endPort: 8090, protocol: "TCP" }] },
      ],
    },
  },
  "traces to a port": { tracing: { otlpEndpoint: "http://collector.monitoring:4318" } },
  "traces by https": { tracing: { otlpEndpoint: "https://otlp.example.org/team" } },
  "no NetworkPolicy": { networkPolicy: { enabled: false } },
  "other resources": {
    resources: { requests: { cpu: 1, memory: "1.5Gi" }, limits: { cpu: "2", memory: "2Gi" } },
  },
  "an image by its digest, with a pull secret": {
    image: { repository: "mesh/ca", tag: "2", digest: `sha256:${"0".repeat(64)}`, pullPolicy: "Always" },
    imagePullSecrets: [{ name: "pull.secret" }],
  },
  "placement and labels": {
    pod: {
      labels: { team: "mesh" },
      annotations: { "example.com/a": "0777" },
      tolerations: [{ key: "infra", operator: "Exists" }],
      nodeSelector: { disk: "ssd" },
      topologySpread: [],
      priorityClassName: "system-cluster-critical",
    },
  },
  "the user that OpenShift chooses": {
    pod: { securityContext: { runAsUser: null, runAsGroup: null, fsGroup: null } },
  },
  "a plugged-in CA": {
    ca: { extraArgs: ["--root-ca-dir=/etc/kasbah/ca"] },
    pod: {
      volumes: [{ name: "ca", secret: { secretName: "cacerts", optional: true } }],
      volumeMounts: [{ name: "ca", mountPath: "/etc/kasbah/ca", readOnly: true }],
    },
  },
  "a Service for other networks": {
    service: {
      type: "NodePort",
      annotations: { "example.com/a": "b" },
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv4"],
    },
  },
  "another service account": {
    serviceAccount: { name: "mesh-ca", annotations: { "example.com/role": "ca" } },
  },
  "labels and annotations of everything": {
    commonLabels: { team: "mesh" },
    commonAnnotations: { "example.com/owner": "mesh" },
  },
  "an environment and hosts of the pod": {
    pod: {
      extraEnv: [
        { name: "KASBAH_DEFAULT_RATE", value: "120" },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ],
      hostAliases: [{ ip: "192.0.2.1", hostnames: ["issuer.example"] }],
      terminationGracePeriodSeconds: 60,
    },
  },
  "slower probes": { probes: { readiness: { periodSeconds: 10 } } },
  monitoring: {
    serviceMonitor: { enabled: true },
    podMonitor: { enabled: true, namespaces: ["demo"], selector },
    prometheusRule: { enabled: true, labels: { role: "alerts" }, runbookUrl: "https://wiki.example/kasbah" },
  },
};

/** Values that `kasbah install` refuses and Helm obeys, after those above. */
export const goodForHelm: Readonly<Record<string, ValuesInput>> = {
  "a dashboard": { dashboard: { enabled: true, labels: { grafana_dashboard: "yes" } } },
  "further objects": {
    extraObjects: [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "extra" },
        data: { a: "{{ not a template }}" },
      },
    ],
  },
};

/** Values with another volume, each for a release of its own. */
export const goodVolumes: Readonly<Record<string, ValuesInput>> = {
  "no volume": { volume: { enabled: false }, ca: { stateSecret: "" } },
  "a large volume": { volume: { size: "1.5Ti", storageClassName: "fast", accessMode: "ReadWriteOncePod" } },
};
