import { randomUUID } from "node:crypto";
import { tokenIssuer } from "./issuer.ts";
import { workloadAt } from "./workload.ts";

/** The materials stay in the cache, so their tokens must outlive it. */
const lifetimeSeconds = 10 * 365 * 86_400;

/** The claims of a projected service account token, as Kubernetes ≥ 1.30 writes them. */
export function podClaims(index: number, now: Date): object {
  const { namespace, serviceAccount, pod, podUid } = workloadAt(index);
  return {
    aud: ["istio-ca"],
    ...times(now),
    iss: tokenIssuer,
    jti: randomUUID(),
    "kubernetes.io": {
      namespace,
      node: { name: "bench-node-1", uid: "6f0a36b5-8a0f-4c19-8b3d-2f5e1c7d9a10" },
      pod: { name: pod, uid: podUid },
      serviceaccount: { name: serviceAccount, uid: "0d2f4a36-1c5b-4e7d-9a80-b3c6d9e2f514" },
    },
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
  };
}

/** The claims of a one-time token of step-ca's JWK provisioner. */
export function stepClaims(index: number, now: Date): object {
  const { spiffeId } = workloadAt(index);
  const audience = "https://127.0.0.1/1.0/sign";
  return { aud: audience, ...times(now), iss: "bench", jti: randomUUID(), sans: [spiffeId], sub: spiffeId };
}

function times(now: Date): object {
  const seconds = Math.floor(now.getTime() / 1000);
  return { iat: seconds, nbf: seconds, exp: seconds + lifetimeSeconds };
}
