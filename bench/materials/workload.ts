import { createHash } from "node:crypto";

/** Names repeat after this many workloads, each time with another pod: a mesh has fewer names than pods. */
export const distinctNames = 200;

/** The pod behind the token and the request at one index. */
export interface Workload {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: string;
  readonly podUid: string;
  readonly spiffeId: string;
}

export function workloadAt(index: number): Workload {
  const name = index % distinctNames;
  const namespace = `team-${name % 20}`;
  const serviceAccount = `service-${Math.floor(name / 20)}`;
  const hex = createHash("sha256").update(`pod ${index}`).digest("hex");
  return {
    namespace,
    serviceAccount,
    pod: `${serviceAccount}-${hex.slice(32, 41)}-${hex.slice(41, 46)}`,
    podUid: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
    spiffeId: `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`,
  };
}
