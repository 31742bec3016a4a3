import { ConfigInvalidError } from "@kasbah/runtime";
import { z } from "zod";
import { ca } from "./ca-values.ts";
import { kubernetesObject, quantity, subdomainOrNone, texts } from "./fields.ts";
import { labelSelector } from "./label-selector.ts";
import { dashboard, podMonitor, prometheusRule, serviceMonitor } from "./monitoring-values.ts";
import { networkPolicyValues, tracingValues } from "./network-values.ts";
import { namingProblems, podProblems, serviceProblems, volumeProblems } from "./object-problems.ts";
import {
  globalValues,
  imagePullSecrets,
  objectNameOrNone,
  service,
  serviceAccount,
} from "./object-values.ts";
import { pod, probes } from "./pod-values.ts";
import { kubernetesName, kubernetesNameOrNone } from "./server-fields.ts";
import { valueProblem } from "./value-problem.ts";

const image = z.strictObject({
  repository: z
    .string()
    .regex(/^([a-z0-9][a-z0-9._/:-]*)?$/, "expected a repository such as registry.example/kasbah/server")
    .default(""),
  tag: z
    .string()
    .regex(/^(\w[\w.-]{0,127})?$/, "expected a tag, or an empty value for this release")
    .default(""),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/, "expected sha256:<64 hexadecimal digits>, or an empty value")
    .default(""),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
});

const policy = z.strictObject({
  text: z.string().default(""),
  configMap: kubernetesNameOrNone.default(""),
});

const volume = z.strictObject({
  enabled: z.boolean().default(true),
  size: quantity.default("1Gi"),
  storageClassName: subdomainOrNone.default(""),
  accessMode: z.enum(["ReadWriteOnce", "ReadWriteOncePod"]).default("ReadWriteOnce"),
  existingClaim: subdomainOrNone.default(""),
});

const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });
/** An idle CA uses about 100 MiB, and 64 callers at once raise that to at most 180 MiB. Attacks reach the limit, not the request. */
const resources = z.strictObject({
  requests: amounts.default({ cpu: "100m", memory: "192Mi" }),
  limits: amounts.default({ memory: "512Mi" }),
});

/** Every value of the chart and of `kasbah install`, with its default. An unknown key is an error. */
const valuesSchema = z.strictObject({
  global: globalValues.prefault({}),
  // Helm passes it to a chart on which another chart depends.
  enabled: z.boolean().optional(),
  nameOverride: objectNameOrNone.default(""),
  fullnameOverride: objectNameOrNone.default(""),
  commonLabels: texts.default({}),
  commonAnnotations: texts.default({}),
  image: image.prefault({}),
  imagePullSecrets,
  replicas: z.int().min(1).max(9).default(1),
  updateStrategy: kubernetesObject.default({ type: "RollingUpdate" }),
  ca: ca.prefault({}),
  policy: policy.prefault({}),
  rootConfigMap: z
    .strictObject({
      publish: z.boolean().default(true),
      name: kubernetesName.default("istio-ca-root-cert"),
      namespaceSelector: labelSelector.default({}),
    })
    .prefault({}),
  clusterTrustBundle: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  volume: volume.prefault({}),
  resources: resources.prefault({}),
  serviceAccount: serviceAccount.prefault({}),
  service: service.prefault({}),
  pod: pod.prefault({}),
  probes: probes.prefault({}),
  tracing: tracingValues.prefault({}),
  networkPolicy: networkPolicyValues.prefault({}),
  serviceMonitor: serviceMonitor.prefault({}),
  podMonitor: podMonitor.prefault({}),
  prometheusRule: prometheusRule.prefault({}),
  dashboard: dashboard.prefault({}),
  extraObjects: z.array(kubernetesObject).default([]),
});

export type InstallValues = z.output<typeof valuesSchema>;

/** Values from a profile, a file or flags; missing ones take their defaults. */
export type ValuesInput = z.input<typeof valuesSchema>;

/** The defaults, which `parseValues` alone does not accept: an image has none. */
export const defaultValues = valuesSchema.parse({});

/**
 * Merges layers of values over the defaults as Helm does: maps are merged, lists are replaced, and a null removes a
 * default.
 *
 * @throws ConfigInvalidError with every problem, each prefixed with the name of its value
 */
export function parseValues(...layers: readonly unknown[]): InstallValues {
  const result = valuesSchema.safeParse(layers.reduce(merged, defaultValues), { reportInput: true });
  if (!result.success) throw new ConfigInvalidError(result.error.issues.map(valueProblem));
  const problems = contradictions(result.data);
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return result.data;
}

function contradictions(values: InstallValues): readonly string[] {
  const { enabled, image, policy, replicas, ca } = values;
  const problems: [boolean, string][] = [
    [enabled === false, "enabled: only for a chart that depends on this one; set ca.enabled instead"],
    [
      ca.enabled && image.repository === "",
      "image.repository: required: no image is published; build it (docs/image.md), push it to your registry, " +
        "and add --registry registry.example or --set image.repository=registry.example/kasbah/server",
    ],
    [
      policy.text !== "" && policy.configMap !== "",
      "policy: text and configMap are mutually exclusive: set only one of them",
    ],
    [
      replicas > 1 && ca.stateSecret === "",
      "replicas: more than one requires a shared Secret: set ca.stateSecret, for example to kasbah-ca",
    ],
  ];
  return [
    ...problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem),
    ...namingProblems(values),
    ...podProblems(values),
    ...serviceProblems(values),
    ...volumeProblems(values),
  ];
}

/** The default of a value by its name, as in `ca.logLevel`; undefined if no value has that name. */
export function defaultOf(path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    defaultValues,
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

/** A removed map or list becomes empty; if its key were missing, parsing would restore the default. */
function emptied(key: string, under: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(under)) return [[key, []]];
  return isMap(under) ? [[key, {}]] : [];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The chart's `values.schema.json`, in the JSON Schema draft that every Helm 3 reads. */
export function valuesJsonSchema(): object {
  return z.toJSONSchema(valuesSchema, { target: "draft-7", io: "input" });
}
