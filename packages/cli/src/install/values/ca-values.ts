import { z } from "zod";
import {
  kubernetesName,
  kubernetesNameOrNone,
  nodeAccount,
  serverDuration,
  serverFlag,
  serverName,
  trustDomainName,
} from "./server-fields.ts";

/** Values that become flags of the CA. */
export const ca = z.strictObject({
  enabled: z.boolean().default(true),
  trustDomain: trustDomainName.default("cluster.local"),
  serverSans: z.array(serverName).default([]),
  tokenAudiences: z.array(z.string().min(1)).min(1).default(["istio-ca"]),
  trustedNodeAccounts: z.array(nodeAccount).default([]),
  clientCertificates: z.boolean().default(false),
  stateSecret: kubernetesNameOrNone.default("kasbah-ca"),
  checkpointConfigMap: kubernetesNameOrNone.default(""),
  takeOverSecrets: z.array(kubernetesName).default([]),
  defaultTtl: serverDuration.default("24h"),
  maxTtl: serverDuration.default("2160h"),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  workers: z.union([z.int().min(1).max(64), z.literal("auto")]).default(1),
  extraArgs: z.array(serverFlag).default([]),
});
