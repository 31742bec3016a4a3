import { CliError } from "../errors.ts";
import type { Kubectl } from "../kubectl/kubectl.ts";
import { clusterName, discoverySelector, objectName } from "./objects/installation.ts";

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
const monitoring = ["servicemonitors", "podmonitors", "prometheusrules"].map(
  (kind) => `${kind}.monitoring.coreos.com`,
);

/**
 * Deletes the objects that `kasbah install` created, dependents first. Returns kubectl's output. @throws
 * CliError
 */
export async function removeObjects({ namespace, purge }: Removal, kubectl: Kubectl): Promise<string> {
  const remove = (...args: readonly string[]) =>
    kubectl(["delete", "--ignore-not-found", "--timeout=2m", ...args]);
  if (purge) await refuseBesideAnother(namespace, kubectl);
  const named = `--field-selector=metadata.name=${clusterName({ namespace })}`;
  const known = await knownKinds(kubectl);
  const lines = [
    await remove([...known, ...inNamespace].join(","), `--namespace=${namespace}`, ours),
    await remove(ofCluster.join(","), named, ours),
  ];
  if (purge) {
    lines.push(
      await remove("persistentvolumeclaims,secrets", `--namespace=${namespace}`, ours),
      await removePublishedRoot(namespace, kubectl),
      await remove("namespaces", `--field-selector=metadata.name=${namespace}`, ours),
    );
  }
  return lines.filter((line) => !/^No resources found/.test(line)).join("");
}

/** The Secrets of all CAs have the same labels, so the keys of a CA from Helm would be deleted too. */
async function refuseBesideAnother(namespace: string, kubectl: Kubectl): Promise<void> {
  const foreign = `--selector=${discoverySelector},app.kubernetes.io/managed-by!=kasbah`;
  const found = await kubectl(["get", "statefulsets", `--namespace=${namespace}`, foreign, "-o=name"]);
  if (found.trim() === "") return;
  const others = found.trim().split("\n").join(", ");
  throw new CliError(
    "OPERATION_REFUSED",
    `--purge would also delete the keys of another CA in namespace ${namespace} (${others}): run without --purge, ` +
      "then delete the volume and the Secret of this CA with kubectl",
  );
}

/** In a namespace that remains, the CA's root would show a new CA that its Secret was lost. */
async function removePublishedRoot(namespace: string, kubectl: Kubectl): Promise<string> {
  const ours = `@.metadata.annotations.kasbah\\.dev/installation=="${namespace}/${objectName}"`;
  const names = await kubectl([
    "get",
    "configmaps",
    `--namespace=${namespace}`,
    `-o=jsonpath={range .items[?(${ours})]}{.metadata.name}{" "}{end}`,
  ]);
  const found = names.split(" ").filter((name) => name !== "");
  if (found.length === 0) return "";
  return kubectl(["delete", "configmaps", "--ignore-not-found", `--namespace=${namespace}`, ...found]);
}

/** kubectl fails the whole command if the cluster does not know one of the kinds. */
async function knownKinds(kubectl: Kubectl): Promise<readonly string[]> {
  const known = (await kubectl(["api-resources", "--api-group=monitoring.coreos.com", "-o=name"])).split(
    "\n",
  );
  return monitoring.filter((kind) => known.includes(kind));
}
