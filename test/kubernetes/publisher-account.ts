import { writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { KubernetesClient } from "../../packages/ca-server/src/kubernetes/api/api-client.ts";
import { AddressRules } from "../../packages/ca-server/src/outbound/address-rules.ts";
import type { ControlPlane } from "./control-plane.ts";
import { createToken } from "./workloads.ts";

/** A client with exactly the rights of a service account. */
export interface Account {
  readonly client: KubernetesClient;
  remove(): Promise<void>;
}

const one = (resource: string, name: string, verbs: readonly string[], apiGroup = "") => ({
  ...{ apiGroups: [apiGroup], resources: [resource], verbs },
  resourceNames: [name],
});
const any = (resource: string, verbs: readonly string[], apiGroup = "") => ({
  ...{ apiGroups: [apiGroup], resources: [resource], verbs },
});

const certificates = "certificates.k8s.io";
const ofOne = ["get", "list", "watch", "update"];

/** The minimum rights to publish the root and to follow pods. RBAC cannot restrict `create` to a name. */
const rules = [
  any("namespaces", ["list", "watch"]),
  any("configmaps", ["create"]),
  one("configmaps", "istio-ca-root-cert", ofOne),
  any("pods", ["get", "list", "watch"]),
  any("clustertrustbundles", ["create"], certificates),
  one("clustertrustbundles", "kasbah.dev:ca:root", ofOne, certificates),
  one("signers", "kasbah.dev/ca", ["attest"], certificates),
];

/** Creates an account with these minimum rights in its own namespace. */
export async function createPublisherAccount(controlPlane: ControlPlane): Promise<Account> {
  const namespace = await controlPlane.newNamespace("kasbah");
  const metadata = { name: namespace };
  const roleApi = "rbac.authorization.k8s.io";
  await controlPlane.adminRequest("POST", `/apis/${roleApi}/v1/clusterroles`, { metadata, rules });
  await controlPlane.adminRequest("POST", `/apis/${roleApi}/v1/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: roleApi, kind: "ClusterRole", name: namespace },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
  });
  const directory: TemporaryDirectory = await temporaryDirectory();
  const tokenFile = directory.join("token");
  await writeFile(tokenFile, await createToken(controlPlane, namespace, "default"));
  const client = new KubernetesClient({
    server: controlPlane.url,
    caFile: controlPlane.caFile,
    tokenFile,
    addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
  });
  return { client, remove: () => directory.remove() };
}
