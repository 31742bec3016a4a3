import { z } from "zod";

export const durationText = z
  .string()
  .regex(/^[1-9][0-9]*(ms|s|m|h|d)$/, "expected a duration such as 15m, 24h or 90d");
export const quantity = z.union([
  z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, "expected a quantity such as 100m or 1Gi"),
  z.number().positive(),
]);
export const dnsName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "expected a DNS name in lower case");
export const subdomainOrNone = z
  .string()
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/, "expected a name in lower case, or an empty value");
export const texts = z.record(z.string(), z.string());
/** Not validated here: the API server validates these objects against the schema of its own release. */
export const kubernetesObject = z.record(z.string(), z.json());
