import { type Installation, inNamespace, objectName } from "./installation.ts";
import type { Manifest } from "./manifest.ts";

export const policyKey = "policy.yaml";
const ownName = `${objectName}-policy`;

/**
 * The ConfigMap that contains the policy. Undefined without a policy, in which case every authenticated
 * caller gets a certificate.
 */
export function policyMapName({ values: { policy } }: Installation): string | undefined {
  if (policy.configMap !== "") return policy.configMap;
  return policy.text === "" ? undefined : ownName;
}

export function policyObjects(installation: Installation): readonly Manifest[] {
  const { text } = installation.values.policy;
  if (text === "") return [];
  const metadata = inNamespace(installation, { name: ownName });
  return [{ apiVersion: "v1", kind: "ConfigMap", metadata, data: { [policyKey]: text } }];
}
