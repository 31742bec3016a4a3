import { type PodWatchConfig, watchesPods } from "../../config/callers.ts";
import type { KubernetesConfig } from "../../config/kubernetes.ts";
import type { LedgerConfig } from "../../config/ledger.ts";
import { leaseName } from "../leader/leader.ts";

/** The configuration that determines the needed rules. */
export type RbacConfig = PodWatchConfig &
  Pick<
    KubernetesConfig,
    "installation" | "stateSecret" | "takeOverSecret" | "rootConfigMap" | "clusterTrustBundle"
  > &
  Pick<LedgerConfig, "checkpointTo">;

/** An RBAC rule that some configurations of the CA need. */
export interface NeededRule {
  /** Empty for the core API group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** `namespace` for the CA's own namespace, where a Role is sufficient. */
  readonly scope: "cluster" | "namespace";
  /** The purpose, which completes the sentence "which the CA needs to". */
  readonly reason: string;
  /**
   * The objects to which a role may be restricted; undefined if all are needed, and empty if the
   * configuration does not need the rule. RBAC cannot restrict `create` to a name.
   */
  readonly names: (config: RbacConfig) => readonly string[] | undefined;
}

/** One query to the API server. */
export interface Permission {
  readonly rule: NeededRule;
  readonly verb: string;
  readonly name: string | undefined;
}

const always = () => undefined;
const only = (name: string | undefined) => (name === undefined ? [] : [name]);
const anyIf = (isNeeded: boolean) => (isNeeded ? undefined : []);

/**
 * Every RBAC rule that the CA can need, and no other. Tests compare the chart and the documentation with it.
 */
export const neededRules: readonly NeededRule[] = [
  {
    group: "authentication.k8s.io",
    resource: "tokenreviews",
    verbs: ["create"],
    scope: "cluster",
    reason: "authenticate callers by their tokens",
    names: always,
  },
  {
    group: "",
    resource: "namespaces",
    verbs: ["list", "watch"],
    scope: "cluster",
    reason: "publish the root in each new namespace",
    names: ({ rootConfigMap: name }) => anyIf(name !== undefined),
  },
  {
    group: "",
    resource: "configmaps",
    verbs: ["create", "get", "list", "watch", "update"],
    scope: "cluster",
    reason: "publish the root and restore it after changes",
    names: ({ rootConfigMap: name }) => only(name),
  },
  {
    group: "",
    resource: "configmaps",
    verbs: ["create", "get", "update"],
    scope: "namespace",
    reason: "copy the checkpoint of its ledger",
    names: ({ checkpointTo }) => only(checkpointTo?.configMap),
  },
  {
    group: "",
    resource: "pods",
    verbs: ["get", "list", "watch"],
    scope: "cluster",
    reason: "find the pods of node proxies, and those that were deleted",
    names: (config) => anyIf(watchesPods(config)),
  },
  {
    group: "",
    resource: "secrets",
    verbs: ["create", "get", "watch", "update"],
    scope: "namespace",
    reason: "share the authorities' keys among the replicas",
    names: ({ stateSecret: name }) => only(name),
  },
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create", "get", "update"],
    scope: "namespace",
    reason: "elect a leader among the replicas",
    // Only replicas that share a Secret elect a leader.
    names: (config) => only(config.stateSecret && leaseName(config)),
  },
  {
    group: "",
    resource: "secrets",
    verbs: ["get"],
    scope: "namespace",
    reason: "take over istiod's CA",
    names: ({ takeOverSecret: names }) => names,
  },
  {
    group: "certificates.k8s.io",
    resource: "clustertrustbundles",
    verbs: ["create", "get", "list", "watch", "update"],
    scope: "cluster",
    reason: "publish the root as a ClusterTrustBundle",
    names: ({ clusterTrustBundle: isOn }) => (isOn ? ["kasbah.dev:ca:root"] : []),
  },
  {
    group: "certificates.k8s.io",
    resource: "signers",
    verbs: ["attest"],
    scope: "cluster",
    reason: "publish the root as a ClusterTrustBundle",
    names: ({ clusterTrustBundle: isOn }) => (isOn ? ["kasbah.dev/ca"] : []),
  },
];

/** The permissions that this configuration needs, one for each verb and name. */
export function neededPermissions(config: RbacConfig): readonly Permission[] {
  if (config.kubernetesApi === undefined) return [];
  return neededRules.flatMap((rule) => {
    const names = rule.names(config) ?? [undefined];
    if (names.length === 0) return [];
    return rule.verbs.flatMap((verb) =>
      verb === "create" ? [{ rule, verb, name: undefined }] : names.map((name) => ({ rule, verb, name })),
    );
  });
}

/** One sentence for each denied rule, with a fix. */
export function describeDenied(denied: readonly Permission[], namespace: string): readonly string[] {
  const rules = [...new Set(denied.map(({ rule }) => rule))];
  return rules.map((rule) => {
    const of = denied.filter((permission) => permission.rule === rule);
    const verbs = inWords(of.map(({ verb }) => verb));
    const names = of.flatMap(({ name }) => name ?? []);
    const named = names.length === 0 ? "" : ` named ${inWords(names)}`;
    const resource = rule.group === "" ? rule.resource : `${rule.resource}.${rule.group}`;
    const [place, role] =
      rule.scope === "cluster" ? ["", "a ClusterRole"] : [` in the namespace ${namespace}`, "a Role there"];
    return `RBAC: cannot ${verbs} ${resource}${named}${place}, which the CA needs to ${rule.reason}; bind the CA's service account to ${role} that allows it`;
  });
}

function inWords(words: readonly string[]): string {
  const [...each] = new Set(words);
  const last = each.pop() ?? "";
  return each.length === 0 ? last : `${each.join(", ")} or ${last}`;
}
