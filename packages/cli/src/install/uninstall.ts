import type { Kubectl } from "../kubectl/kubectl.ts";
import { clusterName } from "./objects/installation.ts";

export interface Removal {
  readonly namespace: string;
  /** Also delete the keys: volumes, Secrets, and the namespace if `kasbah install` created it. */
  readonly purge: boolean;
}

/** Objects of a Helm release have another manager and are left to Helm. */
const ours = "--selector=app.kubernetes.io/name=kasbah,app.kubernetes.io/managed-by=kasbah";

const inNamespace = [
  "statefulsets.apps",
  "poddisruptionbudgets.policy",
  "networkpolicies.networking.k8s.io",
  "services",
  "configmaps",
  "rolebindings.rbac.authorization.k8s.io",
  "roles.rbac.authorization.k8s.io",
  "serviceaccounts",
];
const ofCluster = ["clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"];
const monitoring = ["servicemonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com"];

/**
 * Deletes the objects that `kasbah install` created, dependents first. Returns kubectl's output. @throws
 * CliError
 */
export async function removeObjects({ namespace, purge }: Removal, kubectl: Kubectl): Promise<string> {
  const remove = (...args: readonly string[]) =>
    kubectl(["delete", "--ignore-not-found", "--timeout=2m", ...args]);
  const named = `--field-selector=metadata.name=${clusterName({ namespace })}`;
  const known = await knownKinds(kubectl);
  const lines = [
    await remove([...known, ...inNamespace].join(","), `--namespace=${namespace}`, ours),
    await remove(ofCluster.join(","), named, ours),
  ];
  if (purge) {
    lines.push(
      await remove("persistentvolumeclaims,secrets", `--namespace=${namespace}`, ours),
      await remove("namespaces", `--field-selector=metadata.name=${namespace}`, ours),
    );
  }
  return lines.filter((line) => !/^No resources found/.test(line)).join("");
}

/** kubectl fails the whole command if the cluster does not know one of the kinds. */
async function knownKinds(kubectl: Kubectl): Promise<readonly string[]> {
  const known = (await kubectl(["api-resources", "--api-group=monitoring.coreos.com", "-o=name"])).split(
    "\n",
  );
  return monitoring.filter((kind) => known.includes(kind));
}
