import type { z } from "zod";
import type { service, serviceAccount } from "./object-values.ts";
import type { pod } from "./pod-values.ts";

interface NamingValues {
  readonly nameOverride: string;
  readonly fullnameOverride: string;
  readonly serviceAccount: z.output<typeof serviceAccount>;
}

interface VolumeValues {
  readonly replicas: number;
  readonly volume: { readonly enabled: boolean; readonly existingClaim: string };
}

/** Variables that the pod template sets itself; Kubernetes rejects a second one with the same name. */
const ownVariables = ["KASBAH_STATE_DIR", "POD_NAME", "POD_NAMESPACE", "KASBAH_LEDGER_PLACE"];

// The chart rejects the same values in templates/_problems.tpl.

/** `kasbah install` gives its objects one name, by which `kasbah uninstall` finds them. */
export function namingProblems(values: NamingValues): readonly string[] {
  const { serviceAccount } = values;
  const names = (["nameOverride", "fullnameOverride"] as const).filter((name) => values[name] !== "");
  const unnamed = !serviceAccount.create && serviceAccount.name === "";
  return [
    ...names.map((name) => `${name}: only for Helm; kasbah install always uses the name kasbah`),
    ...(unnamed ? ["serviceAccount.name: required if serviceAccount.create is false"] : []),
  ];
}

export function podProblems(values: { readonly pod: z.output<typeof pod> }): readonly string[] {
  const names = values.pod.extraEnv.map(({ name }) => name);
  return ownVariables
    .filter((name) => names.includes(name))
    .map((name) => `pod.extraEnv: ${name} is already set; remove it`);
}

export function serviceProblems(values: { readonly service: z.output<typeof service> }): readonly string[] {
  const { type, nodePort, loadBalancerClass, loadBalancerIP, loadBalancerSourceRanges } = values.service;
  const { externalTrafficPolicy } = values.service;
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

export function volumeProblems({ volume, replicas }: VolumeValues): readonly string[] {
  if (volume.existingClaim === "") return [];
  return [
    ...(replicas > 1 ? ["volume.existingClaim: one replica only, because each needs its own volume"] : []),
    ...(volume.enabled ? [] : ["volume.existingClaim: requires volume.enabled"]),
  ];
}
