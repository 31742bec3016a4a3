import { ConfigInvalidError } from "@kasbah/runtime";
import { z } from "zod";

const duration = z.string().regex(/^[1-9][0-9]*(ms|s|m|h|d)$/, "expected a duration such as 15m, 24h or 90d");
const quantity = z.union([
  z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, "expected a quantity such as 100m or 1Gi"),
  z.number().positive(),
]);
const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected a name of lower case letters, digits and -");
const dnsName = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "expected a DNS name in lower case");
const subdomainOrNone = z
  .string()
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/, "expected a name in lower case, or nothing");
const texts = z.record(z.string(), z.string());
/** What is Kubernetes' own to check: the API server does it, by the strict schema of the release that it is. */
const kubernetesObject = z.record(z.string(), z.json());

const image = z.strictObject({
  repository: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/:-]*$/, "expected a repository such as kasbah/server")
    .default("kasbah/server"),
  tag: z
    .string()
    .regex(/^(\w[\w.-]{0,127})?$/, "expected a tag, or nothing for this release")
    .default(""),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/, "expected sha256:<64 hexadecimal digits>, or nothing")
    .default(""),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
});

const ca = z.strictObject({
  enabled: z.boolean().default(true),
  trustDomain: dnsName.default("cluster.local"),
  serverSans: z.array(z.string().min(1)).default([]),
  tokenAudiences: z.array(z.string().min(1)).min(1).default(["istio-ca"]),
  trustedNodeAccounts: z
    .array(z.string().regex(/^[^/]+\/[^/]+$/, "expected <namespace>/<service account>"))
    .default([]),
  clientCertificates: z.boolean().default(false),
  stateSecret: subdomainOrNone.default(""),
  takeOverSecrets: z.array(dnsName).default([]),
  defaultTtl: duration.default("24h"),
  maxTtl: duration.default("2160h"),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  extraArgs: z.array(z.string().regex(/^--[a-z]/, "expected a flag of kasbah-server")).default([]),
});

const policy = z.strictObject({
  text: z.string().default(""),
  configMap: subdomainOrNone.default(""),
});

const volume = z.strictObject({
  enabled: z.boolean().default(true),
  size: quantity.default("1Gi"),
  storageClassName: subdomainOrNone.default(""),
  accessMode: z.enum(["ReadWriteOnce", "ReadWriteOncePod"]).default("ReadWriteOnce"),
});

const pod = z.strictObject({
  annotations: texts.default({}),
  labels: texts.default({}),
  priorityClassName: subdomainOrNone.default(""),
  nodeSelector: texts.default({ "kubernetes.io/os": "linux" }),
  tolerations: z.array(kubernetesObject).default([]),
  affinity: kubernetesObject.default({}),
  volumes: z.array(kubernetesObject).default([]),
  volumeMounts: z.array(kubernetesObject).default([]),
  topologySpread: z
    .array(z.string().min(1))
    .default(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
});

const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });
const resources = z.strictObject({
  requests: amounts.default({ cpu: "100m", memory: "128Mi" }),
  limits: amounts.default({ memory: "512Mi" }),
});

const networkPolicy = z.strictObject({
  enabled: z.boolean().default(true),
  callersFrom: z.array(kubernetesObject).default([]),
  metricsFrom: z.array(kubernetesObject).default([]),
  apiServerPorts: z.array(z.int().min(1).max(65535)).min(1).default([443, 6443]),
  extraEgress: z.array(kubernetesObject).default([]),
});

const serviceMonitor = z.strictObject({
  enabled: z.boolean().default(false),
  interval: duration.default("30s"),
  labels: texts.default({}),
});

const prometheusRule = z.strictObject({
  enabled: z.boolean().default(false),
  labels: texts.default({}),
  runbookUrl: z.url({ protocol: /^https?$/ }).default("https://kasbah.dev/docs/runbooks"),
});

/** Every value of the chart and of `kasbah install`, with its default. An unknown key is an error. */
export const valuesSchema = z.strictObject({
  image: image.prefault({}),
  imagePullSecrets: z.array(z.strictObject({ name: dnsName })).default([]),
  replicas: z.int().min(1).max(9).default(1),
  ca: ca.prefault({}),
  policy: policy.prefault({}),
  rootConfigMap: z
    .strictObject({ publish: z.boolean().default(true), name: label.default("istio-ca-root-cert") })
    .prefault({}),
  clusterTrustBundle: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  volume: volume.prefault({}),
  resources: resources.prefault({}),
  pod: pod.prefault({}),
  networkPolicy: networkPolicy.prefault({}),
  serviceMonitor: serviceMonitor.prefault({}),
  prometheusRule: prometheusRule.prefault({}),
});

export type InstallValues = z.output<typeof valuesSchema>;

/** What a profile, a file or a flag says; all that it leaves out has its default. */
export type ValuesInput = z.input<typeof valuesSchema>;

const defaults = valuesSchema.parse({});

/**
 * Lays what is given over the defaults as Helm does: maps are merged, lists replaced, and a null takes a default away.
 *
 * @throws ConfigInvalidError with every problem, each under the name of its value.
 */
export function parseValues(...layers: readonly unknown[]): InstallValues {
  const result = valuesSchema.safeParse(layers.reduce(merged, defaults));
  if (!result.success) {
    const problems = result.error.issues.map(
      ({ path, message }) => `${path.join(".") || "values"}: ${message}`,
    );
    throw new ConfigInvalidError(problems);
  }
  const problems = contradictions(result.data);
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return result.data;
}

function contradictions({ policy, replicas, ca }: InstallValues): readonly string[] {
  const problems: [boolean, string][] = [
    [
      policy.text !== "" && policy.configMap !== "",
      "policy: give its text, or the name of a ConfigMap that holds it, not both",
    ],
    [
      replicas > 1 && ca.stateSecret === "",
      "replicas: several are one CA by the Secret that they share; name it by ca.stateSecret, such as kasbah-ca",
    ],
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

/** The default of a value by its name, as in `ca.logLevel`; undefined when there is no such value. */
export function defaultOf(path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    defaults,
  );
}

function merged(below: unknown, above: unknown): unknown {
  if (!isMap(below) || !isMap(above)) return above;
  const kept = Object.entries(below).filter(([key]) => !Object.hasOwn(above, key));
  const laid = Object.entries(above).flatMap(([key, value]) => {
    const under = Object.hasOwn(below, key) ? below[key] : undefined;
    return value === null ? emptied(key, under) : [[key, merged(under, value)] as const];
  });
  return Object.fromEntries([...kept, ...laid]);
}

/** A map or a list that is taken away is an empty one; the defaults of what is missing would come back. */
function emptied(key: string, under: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(under)) return [[key, []]];
  return isMap(under) ? [[key, {}]] : [];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `values.schema.json` of the chart, in the draft that every Helm 3 reads. */
export function valuesJsonSchema(): object {
  return z.toJSONSchema(valuesSchema, { target: "draft-7", io: "input" });
}
