import { z } from "zod";
import { durationText, texts } from "./fields.ts";
import { labelSelector } from "./label-selector.ts";
import { manifestPart } from "./manifest-part.ts";

const interval = durationText.default("30s");

/** For the Prometheus Operator: the CA. */
export const serviceMonitor = z.strictObject({
  enabled: z.boolean().default(false),
  interval,
  labels: texts.default({}),
});

/** For the Prometheus Operator: agents in the pods of workloads, which have a port of this name. */
export const podMonitor = z.strictObject({
  enabled: z.boolean().default(false),
  interval,
  labels: texts.default({}),
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
  labels: texts.default({}),
  runbookUrl: z
    .string()
    .regex(/^(https?:\/\/\S+)?$/, "expected an http or https URL without spaces, or an empty value")
    .default(""),
});

/** A ConfigMap with the dashboard, for the sidecar of Grafana that collects them. */
export const dashboard = z.strictObject({
  enabled: z.boolean().default(false),
  labels: texts.default({ grafana_dashboard: "1" }),
  annotations: texts.default({}),
});
