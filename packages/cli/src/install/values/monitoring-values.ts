import { z } from "zod";
import { labelSelector } from "./label-selector.ts";
import { manifestPart } from "./manifest-part.ts";

const texts = z.record(z.string(), z.string()).default({});
const interval = z
  .string()
  .regex(/^[1-9][0-9]*(ms|s|m|h|d)$/, "expected a duration such as 30s or 1m")
  .default("30s");

/** For the Prometheus Operator: the CA. */
export const serviceMonitor = z.strictObject({
  enabled: z.boolean().default(false),
  interval,
  labels: texts,
});

/** For the Prometheus Operator: agents in the pods of workloads, which have a port of this name. */
export const podMonitor = z.strictObject({
  enabled: z.boolean().default(false),
  interval,
  labels: texts,
  port: z
    .string()
    .max(15)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "expected the name of a container port")
    .default("kasbah-metrics"),
  selector: manifestPart(labelSelector).default({}),
  /** Empty for every namespace. */
  namespaces: z
    .array(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected the name of a namespace"))
    .default([]),
});

export const prometheusRule = z.strictObject({
  enabled: z.boolean().default(false),
  labels: texts,
  runbookUrl: z.union([z.url({ protocol: /^https?$/ }), z.literal("")]).default(""),
});

/** A ConfigMap with the dashboard, for the sidecar of Grafana that collects them. */
export const dashboard = z.strictObject({
  enabled: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).default({ grafana_dashboard: "1" }),
  annotations: texts,
});
