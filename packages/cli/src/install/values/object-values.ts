import { z } from "zod";
import { dnsName, subdomainOrNone, texts } from "./fields.ts";

/** Helm passes the same `global` to every chart below an umbrella chart; only these two keys matter here. */
export const globalValues = z.looseObject({
  imageRegistry: z
    .string()
    .regex(/^([a-z0-9][a-z0-9._/:-]*)?$/, "expected a registry such as registry.example, or an empty value")
    .nullish()
    .default(""),
  imagePullSecrets: z
    .array(z.union([z.string().min(1), z.looseObject({ name: z.string().min(1) })]))
    .nullish()
    .default([]),
});

/**
 * A Service has this name, so it starts with a letter. Kubernetes limits the name of a StatefulSet to 52
 * characters; ours also has to leave room for `-replicas`.
 */
export const objectNameOrNone = z
  .string()
  .regex(
    /^([a-z]([-a-z0-9]{0,38}[a-z0-9])?)?$/,
    "expected at most 40 lower-case letters, digits and hyphens that start with a letter",
  );

export const serviceAccount = z.strictObject({
  create: z.boolean().default(true),
  name: subdomainOrNone.default(""),
  annotations: texts.default({}),
});

const nodePort = z.int().min(0).max(65535).default(0);
const trafficPolicy = z.enum(["", "Cluster", "Local"]).default("");

export const service = z.strictObject({
  type: z.enum(["ClusterIP", "NodePort", "LoadBalancer"]).default("ClusterIP"),
  annotations: texts.default({}),
  labels: texts.default({}),
  clusterIP: z.union([z.ipv4(), z.ipv6(), z.literal("")]).default(""),
  ipFamilyPolicy: z.enum(["", "SingleStack", "PreferDualStack", "RequireDualStack"]).default(""),
  ipFamilies: z
    .array(z.enum(["IPv4", "IPv6"]))
    .max(2)
    .default([]),
  nodePort,
  loadBalancerClass: z.string().default(""),
  loadBalancerIP: z.union([z.ipv4(), z.ipv6(), z.literal("")]).default(""),
  loadBalancerSourceRanges: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
  externalTrafficPolicy: trafficPolicy,
  internalTrafficPolicy: trafficPolicy,
});

export const imagePullSecrets = z.array(z.strictObject({ name: dnsName })).default([]);
