import type { ValuesInput } from "../../../packages/cli/src/install/values/values.ts";

/** Values that are each valid, but cannot work together. */
export const wrongCombinations: readonly ValuesInput[] = [
  { serviceAccount: { create: false } },
  { pod: { extraEnv: [{ name: "POD_NAME", value: "x" }] } },
  { service: { loadBalancerClass: "x" } },
  { service: { type: "NodePort", loadBalancerSourceRanges: ["192.0.2.0/24"] } },
  { service: { nodePort: 30012 } },
  { service: { externalTrafficPolicy: "Local" } },
  { volume: { existingClaim: "restored" }, replicas: 3 },
  { volume: { existingClaim: "restored", enabled: false } },
];
