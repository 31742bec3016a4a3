/** The value from which the chart and `kasbah install` derive each flag of the CA. */
const values: Readonly<Record<string, string>> = {
  "--trust-domain": "ca.trustDomain",
  "--server-san": "ca.serverSans",
  "--own-spiffe-id": "serviceAccount.name",
  "--token-audience": "ca.tokenAudiences",
  "--trusted-node-account": "ca.trustedNodeAccounts",
  "--no-client-certificates": "ca.clientCertificates",
  "--state-secret": "ca.stateSecret",
  "--checkpoint-to": "ca.checkpointConfigMap",
  "--take-over-secret": "ca.takeOverSecrets",
  "--root-config-map": "rootConfigMap.name",
  "--root-config-map-namespaces": "rootConfigMap.namespaceSelector",
  "--cluster-trust-bundle": "clusterTrustBundle.enabled",
  "--policy": "policy",
  "--default-ttl": "ca.defaultTtl",
  "--max-ttl": "ca.maxTtl",
  "--workers": "ca.workers",
  "--otlp-endpoint": "tracing.otlpEndpoint",
  "--log-level": "ca.logLevel",
};

const extraArgs = "ca.extraArgs";

/** The values that set a flag, and the arguments as far as they may be printed. */
export interface FlagOrigin {
  readonly values: readonly string[];
  /** Arguments of `ca.extraArgs` may contain a password, so only their flag is shown. */
  readonly shown: string;
}

/** Finds the values behind a flag in the arguments of the CA, some of which come from `ca.extraArgs`. */
export function findFlagOrigin(
  flag: string,
  argv: readonly string[],
  extra: readonly string[],
): FlagOrigin | undefined {
  const isOf = (text: string) => text === flag || text.startsWith(`${flag}=`);
  const inExtra = extra.filter(isOf).length;
  const others = argv.filter(isOf).length - inExtra;
  const own = others > 0 ? [values[flag] ?? "a fixed argument"] : [];
  const origins = [...own, ...(inExtra > 0 ? [extraArgs] : [])];
  if (origins.length === 0) return undefined;
  const only = others === 1 && inExtra === 0 ? argv.find(isOf) : undefined;
  return { values: origins, shown: only ?? flag };
}
