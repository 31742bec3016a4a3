import type { ControlPlane } from "./control-plane.ts";

/** The fields that every Kubernetes object has. */
export interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly uid: string };
}

export interface Workload {
  readonly namespace: string;
  readonly podUid: string;
  readonly serviceAccountUid: string;
  /** Bound to the pod, like the token that a kubelet projects into it. */
  readonly token: string;
}

/** Admitted at every Pod Security level. It counts as scheduled, on a node that does not need to exist. */
export const modestPod = {
  metadata: { name: "app" },
  spec: {
    nodeName: "node-1",
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "app",
        image: "app",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
};

/** Creates the pod `app` with the account `default` in a new namespace, and a token for this audience. */
export async function createWorkload(controlPlane: ControlPlane, audience: string): Promise<Workload> {
  const namespace = await controlPlane.newNamespace("workload");
  const path = `/api/v1/namespaces/${namespace}`;
  const { body: pod } = await controlPlane.adminRequest<KubernetesObject>("POST", `${path}/pods`, modestPod);
  const podUid = pod.metadata.uid;
  const bound = ["--bound-object-kind=Pod", "--bound-object-name=app", `--bound-object-uid=${podUid}`];
  const token = await createToken(controlPlane, namespace, "default", `--audience=${audience}`, ...bound);
  const account = `${path}/serviceaccounts/default`;
  const { body } = await controlPlane.adminRequest<KubernetesObject>("GET", account);
  return { namespace, podUid, serviceAccountUid: body.metadata.uid, token };
}

/** @param flags of `kubectl create token` */
export async function createToken(
  controlPlane: ControlPlane,
  namespace: string,
  account: string,
  ...flags: readonly string[]
): Promise<string> {
  return (
    await controlPlane.kubectl(["create", "token", account, `--namespace=${namespace}`, ...flags])
  ).trim();
}
