import type { RbacConfig } from "./rbac-rules.ts";

/** A CA that only reviews tokens and does nothing else in the cluster. */
export const bareConfig: RbacConfig = {
  kubernetesApi: new URL("https://kubernetes.default.svc"),
  trustedNodeAccount: [],
  noClientCertificates: true,
  renewWithoutPod: false,
  installation: "kasbah",
  stateSecret: undefined,
  takeOverSecret: [],
  rootConfigMap: undefined,
  clusterTrustBundle: false,
  checkpointTo: undefined,
};

/** A CA with every feature enabled. */
export const fullConfig: RbacConfig = {
  ...bareConfig,
  trustedNodeAccount: ["istio-system/ztunnel"],
  stateSecret: "kasbah-state",
  takeOverSecret: ["cacerts", "istio-ca-secret"],
  rootConfigMap: "istio-ca-root-cert",
  clusterTrustBundle: true,
  checkpointTo: { configMap: "kasbah-checkpoints" },
};
