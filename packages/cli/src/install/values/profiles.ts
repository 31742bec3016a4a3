import type { ValuesInput } from "./values.ts";

export interface InstallProfile {
  readonly about: string;
  readonly values: ValuesInput;
}

/** An idle CA uses about 100 MiB. */
const small = { requests: { cpu: "20m", memory: "128Mi" } };

/** Named sets of values; each is also a file of the chart, `profiles/<name>.yaml`. */
export const profiles = {
  default: {
    about: "for production: keys in a Secret, the ledger on a volume, behind a NetworkPolicy",
    values: {},
  },
  minimal: {
    about: "the CA with small resource requests and no NetworkPolicy",
    values: { resources: small, networkPolicy: { enabled: false }, pod: { topologySpread: [] } },
  },
  demo: {
    about: "for a trial: keys and ledger are lost with the pod, certificates valid for 1 h, debug logs",
    values: {
      resources: small,
      networkPolicy: { enabled: false },
      pod: { topologySpread: [] },
      volume: { enabled: false },
      // A name of its own, so that a trial leaves the root of a production CA alone.
      rootConfigMap: { name: "kasbah-demo-root-cert" },
      ca: { stateSecret: "", defaultTtl: "1h", logLevel: "debug" },
    },
  },
  openshift: {
    about: "default, with the user and the groups that OpenShift chooses for the namespace",
    values: { pod: { securityContext: { runAsUser: null, runAsGroup: null, fsGroup: null } } },
  },
  empty: {
    about: "the namespace only; add the CA with --set ca.enabled=true",
    values: { ca: { enabled: false } },
  },
  preview: {
    about: "default, plus authentication by client certificate and a ClusterTrustBundle",
    values: { ca: { clientCertificates: true }, clusterTrustBundle: { enabled: true } },
  },
} as const satisfies Readonly<Record<string, InstallProfile>>;

export type ProfileName = keyof typeof profiles;

export function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
