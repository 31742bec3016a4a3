import { selectorText } from "../values/label-selector.ts";
import {
  grpcPort,
  httpPort,
  type Installation,
  objectName,
  probePort,
  serviceAccountName,
} from "./installation.ts";
import { policyKey, policyMapName } from "./policy-map.ts";

export const volumePath = "/var/lib/kasbah";
/**
 * A directory below the root of the volume: Kubernetes makes the root group-writable, but the server creates
 * this one for itself only.
 */
export const statePath = `${volumePath}/state`;
export const policyPath = "/etc/kasbah/policy";

/** The flags of `kasbah-server` in its pod. */
export function serverArguments(installation: Installation): readonly string[] {
  const { namespace, values } = installation;
  const { ca, rootConfigMap, clusterTrustBundle, tracing } = values;
  const any = listenAddress(values);
  const selector = selectorText(rootConfigMap.namespaceSelector);
  const service = `${objectName}.${namespace}.svc`;
  const each = (flag: string, texts: readonly string[]) => texts.map((text) => `${flag}=${text}`);
  return [
    "--kubernetes-api=https://kubernetes.default.svc",
    `--grpc-address=${any}:${grpcPort}`,
    `--http-address=${any}:${httpPort}`,
    `--probe-address=${any}:${probePort}`,
    `--trust-domain=${ca.trustDomain}`,
    ...each("--server-san", [service, `${service}.cluster.local`, ...ca.serverSans]),
    ...each("--own-spiffe-id", ownSpiffeId(installation)),
    ...each("--token-audience", ca.tokenAudiences),
    ...each("--trusted-node-account", ca.trustedNodeAccounts),
    ...(ca.clientCertificates ? [] : ["--no-client-certificates"]),
    ...each("--state-secret", ca.stateSecret === "" ? [] : [ca.stateSecret]),
    ...each("--checkpoint-to", ca.checkpointConfigMap === "" ? [] : [`configmap:${ca.checkpointConfigMap}`]),
    ...each("--take-over-secret", ca.takeOverSecrets),
    ...each("--root-config-map", rootConfigMap.publish ? [rootConfigMap.name] : []),
    ...each("--root-config-map-namespaces", rootConfigMap.publish && selector !== "" ? [selector] : []),
    ...(clusterTrustBundle.enabled ? ["--cluster-trust-bundle"] : []),
    ...(policyMapName(installation) === undefined ? [] : [`--policy=${policyPath}/${policyKey}`]),
    `--default-ttl=${ca.defaultTtl}`,
    `--max-ttl=${ca.maxTtl}`,
    ...(ca.workers === 1 ? [] : [`--workers=${ca.workers}`]),
    ...each("--otlp-endpoint", tracing.otlpEndpoint === "" ? [] : [tracing.otlpEndpoint]),
    "--log-format=json",
    `--log-level=${ca.logLevel}`,
    ...ca.extraArgs,
  ];
}

/** A socket on `::` accepts IPv4 too, but some nodes have no IPv6. */
function listenAddress({ service }: Installation["values"]): string {
  const isDual = ["PreferDualStack", "RequireDualStack"].includes(service.ipFamilyPolicy);
  return isDual || service.ipFamilies.includes("IPv6") ? "[::]" : "0.0.0.0";
}

/** The server's default contains the usual name of the service account. */
function ownSpiffeId(installation: Installation): readonly string[] {
  const { namespace, values } = installation;
  const { trustDomain, extraArgs } = values.ca;
  const account = serviceAccountName(installation);
  const isGiven = extraArgs.some((flag) => flag.startsWith("--own-spiffe-id="));
  return account === objectName || isGiven ? [] : [`spiffe://${trustDomain}/ns/${namespace}/sa/${account}`];
}
