import {
  clusterName,
  type Installation,
  inNamespace,
  marks,
  namespaced,
  objectName,
  serviceAccountName,
} from "./installation.ts";
import type { Json, Manifest } from "./manifest.ts";

const rbacGroup = "rbac.authorization.k8s.io";
const rbac = `${rbacGroup}/v1`;
const reads = ["get", "list", "watch"];

/** The CA's service account with its permissions. */
export function accessObjects(installation: Installation): readonly Manifest[] {
  return [...serviceAccount(installation), ...clusterAccess(installation), ...ownAccess(installation)];
}

/** Only the CA's pod mounts the token, not every pod that uses the account. */
function serviceAccount(installation: Installation): readonly Manifest[] {
  const { create, annotations } = installation.values.serviceAccount;
  if (!create) return [];
  const parts = { automountServiceAccountToken: false };
  const metadata = { name: serviceAccountName(installation), annotations };
  return [namespaced(installation, "v1", "ServiceAccount", parts, metadata)];
}

function clusterAccess(installation: Installation): readonly Manifest[] {
  const metadata = { name: clusterName(installation), ...marks(installation) };
  return [
    { apiVersion: rbac, kind: "ClusterRole", metadata, rules: clusterRules(installation) },
    {
      apiVersion: rbac,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: metadata.name },
      subjects: subjects(installation),
    },
  ];
}

function clusterRules({ values }: Installation): readonly Json[] {
  const { rootConfigMap, clusterTrustBundle, ca } = values;
  return [
    rule("authentication.k8s.io", "tokenreviews", ["create"]),
    ...(rootConfigMap.publish ? publishingRules(rootConfigMap.name) : []),
    ...(ca.trustedNodeAccounts.length > 0 || ca.clientCertificates ? [rule("", "pods", reads)] : []),
    ...(clusterTrustBundle.enabled ? trustBundleRules() : []),
  ];
}

/** RBAC cannot restrict `create` to a name, so it is a separate rule. */
function publishingRules(configMap: string): readonly Json[] {
  return [
    rule("", "namespaces", ["list", "watch"]),
    rule("", "configmaps", ["create"]),
    rule("", "configmaps", [...reads, "update"], [configMap]),
  ];
}

function trustBundleRules(): readonly Json[] {
  const group = "certificates.k8s.io";
  return [
    rule(group, "clustertrustbundles", ["create"]),
    rule(group, "clustertrustbundles", [...reads, "update"], ["kasbah.dev:ca:root"]),
    rule(group, "signers", ["attest"], ["kasbah.dev/ca"]),
  ];
}

/**
 * Permissions in the CA's own namespace: the shared Secret, the Lease for leader election, the copies of
 * checkpoints, and istiod's keys.
 */
function ownAccess(installation: Installation): readonly Manifest[] {
  const { stateSecret, checkpointConfigMap, takeOverSecrets } = installation.values.ca;
  const rules = [
    ...(stateSecret === "" ? [] : sharingRules(stateSecret)),
    ...(checkpointConfigMap === "" ? [] : copyingRules(checkpointConfigMap)),
    ...(takeOverSecrets.length > 0 ? [rule("", "secrets", ["get"], takeOverSecrets)] : []),
  ];
  if (rules.length === 0) return [];
  const metadata = inNamespace(installation);
  const roleRef = { apiGroup: rbacGroup, kind: "Role", name: objectName };
  return [
    { apiVersion: rbac, kind: "Role", metadata, rules },
    { apiVersion: rbac, kind: "RoleBinding", metadata, roleRef, subjects: subjects(installation) },
  ];
}

function sharingRules(secret: string): readonly Json[] {
  const leases = "coordination.k8s.io";
  return [
    rule("", "secrets", ["create"]),
    rule("", "secrets", ["get", "watch", "update"], [secret]),
    rule(leases, "leases", ["create"]),
    rule(leases, "leases", ["get", "update"], ["kasbah-leader"]),
  ];
}

function copyingRules(configMap: string): readonly Json[] {
  return [rule("", "configmaps", ["create"]), rule("", "configmaps", ["get", "update"], [configMap])];
}

function rule(
  group: string,
  resource: string,
  verbs: readonly string[],
  names: readonly string[] = [],
): Json {
  const named = names.length > 0 ? { resourceNames: names } : {};
  return { apiGroups: [group], resources: [resource], ...named, verbs };
}

function subjects(installation: Installation): readonly Json[] {
  const { namespace } = installation;
  return [{ kind: "ServiceAccount", name: serviceAccountName(installation), namespace }];
}
