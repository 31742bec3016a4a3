import type { ValuesInput } from "./values.ts";

export interface Profile {
  readonly about: string;
  readonly values: ValuesInput;
}

const small = { requests: { cpu: "20m", memory: "96Mi" } };

/** The named sets of values; each is also a file of the chart, `profiles/<name>.yaml`. */
export const profiles = {
  default: {
    about: "for production: the CA on a volume of its own, behind a NetworkPolicy",
    values: {},
  },
  minimal: {
    about: "the CA alone, with small requests: no NetworkPolicy",
    values: { resources: small, networkPolicy: { enabled: false }, pod: { topologySpread: [] } },
  },
  demo: {
    about: "to try it: nothing outlives the pod, certificates live an hour, the log tells all",
    values: {
      resources: small,
      networkPolicy: { enabled: false },
      pod: { topologySpread: [] },
      volume: { enabled: false },
      ca: { defaultTtl: "1h", logLevel: "debug" },
    },
  },
  empty: {
    about: "nothing but the namespace, to build upon with --set ca.enabled=true",
    values: { ca: { enabled: false } },
  },
  preview: {
    about: "default, with what is to become so: callers known by their certificates, a ClusterTrustBundle",
    values: { ca: { clientCertificates: true }, clusterTrustBundle: { enabled: true } },
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
