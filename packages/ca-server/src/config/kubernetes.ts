import { isSubdomain } from "@kasbah/pki";
import { type ConfigOf, option, schema } from "@kasbah/runtime";
import type { CallerConfig } from "./callers.ts";
import { parseLabelSelector } from "./namespaces/label-selector.ts";

const group = "Kubernetes";

/** The CA's functions in a cluster other than authentication. */
export const kubernetesOptions = {
  namespace: option({
    flag: "--namespace <name>",
    env: "POD_NAMESPACE",
    help: "namespace of the CA, its Secret and its Lease",
    schema: schema.parsed(parseName, "Kubernetes name"),
    default: "kasbah-system",
    group,
  }),
  installation: option({
    flag: "--installation <name>",
    env: "KASBAH_INSTALLATION",
    help: "name of this CA, which tells it apart from others in its namespace: in its Lease <name>-leader, and in the mark on what it publishes",
    schema: schema.parsed(parseName),
    default: "kasbah",
    group,
  }),
  podName: option({
    flag: "--pod-name <name>",
    env: "POD_NAME",
    help: "name of this replica in the Lease; a replica with an ordinal other than 0 waits for the Secret of --state-secret",
    schema: schema.parsed(parseName, "Kubernetes name"),
    optional: true,
    defaultHelp: "the host's name",
    group,
  }),
  stateSecret: option({
    flag: "--state-secret <name>",
    env: "KASBAH_STATE_SECRET",
    help: "keep the keys and the state of the authorities in this Secret, which all replicas share; one of them leads",
    schema: schema.parsed(parseName, "Kubernetes name"),
    optional: true,
    group,
  }),
  stateRoot: option({
    flag: "--state-root <sha256>",
    env: "KASBAH_STATE_ROOT",
    help: "if the state directory and the Secret contain different roots (STATE_CONFLICT), use the CA of the root with this fingerprint",
    schema: schema.parsed(parseFingerprint, "64 hexadecimal digits"),
    optional: true,
    group,
  }),
  takeOverSecret: option({
    flag: "--take-over-secret <name>",
    env: "KASBAH_TAKE_OVER_SECRET",
    help: "start with istiod's CA from this Secret, such as cacerts or istio-ca-secret; the first Secret that exists is used",
    schema: schema.parsed(parseName, "Kubernetes name"),
    repeatable: true,
    group,
  }),
  rootConfigMap: option({
    flag: "--root-config-map <name>",
    env: "KASBAH_ROOT_CONFIG_MAP",
    help: "publish the trust bundle in this ConfigMap of every namespace; Istio's agents mount istio-ca-root-cert",
    schema: schema.parsed(parseName, "Kubernetes name"),
    optional: true,
    group,
  }),
  rootConfigMapNamespaces: option({
    flag: "--root-config-map-namespaces <selector>",
    env: "KASBAH_ROOT_CONFIG_MAP_NAMESPACES",
    help: "create that ConfigMap only in namespaces whose labels match, such as istio-injection=enabled, and in the CA's own",
    schema: schema.parsed(parseLabelSelector),
    optional: true,
    defaultHelp: "every namespace",
    group,
  }),
  clusterTrustBundle: option({
    flag: "--cluster-trust-bundle",
    env: "KASBAH_CLUSTER_TRUST_BUNDLE",
    help: "also publish the trust bundle as a ClusterTrustBundle (certificates.k8s.io/v1beta1)",
    schema: schema.boolean,
    default: "false",
    group,
  }),
};

export type KubernetesConfig = ConfigOf<typeof kubernetesOptions>;

/** Checks combinations of options that are each valid. */
export function kubernetesProblems(
  config: KubernetesConfig & Pick<CallerConfig, "kubernetesApi">,
): readonly string[] {
  if (config.kubernetesApi !== undefined) return selectionProblems(config);
  const wanting: [boolean, string][] = [
    [config.stateSecret !== undefined, "--state-secret"],
    [config.stateRoot !== undefined, "--state-root"],
    [config.takeOverSecret.length > 0, "--take-over-secret"],
    [config.rootConfigMap !== undefined, "--root-config-map"],
    [config.rootConfigMapNamespaces !== undefined, "--root-config-map-namespaces"],
    [config.clusterTrustBundle, "--cluster-trust-bundle"],
  ];
  return wanting
    .filter(([isGiven]) => isGiven)
    .map(([, flag]) => `${flag}: requires Kubernetes; set --kubernetes-api`);
}

function selectionProblems({ rootConfigMap, rootConfigMapNamespaces }: KubernetesConfig): readonly string[] {
  if (rootConfigMapNamespaces === undefined || rootConfigMap !== undefined) return [];
  return ["--root-config-map-namespaces: has no effect without --root-config-map; set that too"];
}

/** Checks a Kubernetes name, which becomes part of an API path. */
function parseName(text: string): string {
  if (isSubdomain(text)) return text;
  throw new Error("expected a Kubernetes name: lower-case letters, digits, hyphens and dots");
}

/** As `openssl x509 -fingerprint -sha256` and `kasbah authority list` print it. */
function parseFingerprint(text: string): string {
  const digits = text.replaceAll(":", "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new Error("expected the SHA-256 fingerprint of a certificate: 64 hexadecimal digits");
}
