import type { InstallValues } from "./values.ts";

/** Variables that the pod template sets itself; Kubernetes rejects a second one with the same name. */
const ownVariables = ["KASBAH_STATE_DIR", "POD_NAME", "POD_NAMESPACE", "KASBAH_LEDGER_PLACE"];

// The chart rejects the same values in templates/_problems.tpl.

/** `kasbah install` gives its objects one name, by which `kasbah uninstall` finds them. */
export function namingProblems(
  values: Pick<InstallValues, "nameOverride" | "fullnameOverride" | "serviceAccount">,
): readonly string[] {
  const { serviceAccount } = values;
  const names = (["nameOverride", "fullnameOverride"] as const).filter((name) => values[name] !== "");
  const unnamed = !serviceAccount.create && serviceAccount.name === "";
  return [
    ...names.map((name) => `${name}: only for Helm; kasbah install always uses the name kasbah`),
    ...(unnamed ? ["serviceAccount.name: required if serviceAccount.create is false"] : []),
  ];
}

export function podProblems({ pod }: Pick<InstallValues, "pod">): readonly string[] {
  const names = pod.extraEnv.map(({ name }) => name);
  return ownVariables
    .filter((name) => names.includes(name))
    .map((name) => `pod.extraEnv: ${name} is already set; remove it`);
}

export function serviceProblems({ service }: Pick<InstallValues, "service">): readonly string[] {
  const { type, nodePort, loadBalancerClass, loadBalancerIP, loadBalancerSourceRanges } = service;
  const { externalTrafficPolicy } = service;
  const isBalanced = loadBalancerClass !== "" || loadBalancerIP !== "" || loadBalancerSourceRanges.length > 0;
  const problems: [boolean, string][] = [
    [
      type !== "LoadBalancer" && isBalanced,
      "service: loadBalancerClass, loadBalancerIP and loadBalancerSourceRanges require type LoadBalancer",
    ],
    [
      type === "ClusterIP" && (nodePort !== 0 || externalTrafficPolicy !== ""),
      "service: nodePort and externalTrafficPolicy require type NodePort or LoadBalancer",
    ],
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

export function volumeProblems({
  volume,
  replicas,
}: Pick<InstallValues, "volume" | "replicas">): readonly string[] {
  if (volume.existingClaim === "") return [];
  return [
    ...(replicas > 1 ? ["volume.existingClaim: one replica only, because each needs its own volume"] : []),
    ...(volume.enabled ? [] : ["volume.existingClaim: requires volume.enabled"]),
  ];
}
