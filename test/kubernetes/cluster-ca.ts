import { writeFile } from "node:fs/promises";
import { temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import type { ControlPlane } from "./control-plane.ts";
import { createToken } from "./workloads.ts";

/** The service account of the CA, with every right that the CA needs in a cluster. */
export interface CaAccount {
  readonly namespace: string;
  readonly tokenFile: string;
  remove(): Promise<void>;
}

const rules = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "create", "update"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
];
const ownRules = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch", "create", "update"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
];

/** Creates a namespace for the CA, its service account and the account's rights. */
export async function createCaAccount(controlPlane: ControlPlane): Promise<CaAccount> {
  const namespace = await controlPlane.newNamespace("kasbah-system");
  const directory = await temporaryDirectory();
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name: "kasbah", namespace }];
  const bind = (kind: string, name: string, roleKind: string) => ({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata: kind === "RoleBinding" ? { name, namespace } : { name },
    roleRef: { apiGroup: rbac, kind: roleKind, name },
    subjects,
  });
  const objects = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "kasbah", namespace } },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: namespace }, rules },
    bind("ClusterRoleBinding", namespace, "ClusterRole"),
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: namespace, namespace }, rules: ownRules },
    bind("RoleBinding", namespace, "Role"),
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await controlPlane.kubectl(["apply", "--filename=-"], { stdin: list });
  const tokenFile = directory.join("token");
  await writeFile(tokenFile, await createToken(controlPlane, namespace, "kasbah", "--duration=1h"));
  return { namespace, tokenFile, remove: () => directory.remove() };
}

/** Starts a replica that accepts only the cluster's tokens, and resolves when it is ready. */
export async function startClusterCa(
  controlPlane: ControlPlane,
  account: CaAccount,
  name: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningCa> {
  return startCa({
    withIssuer: false,
    env,
    flags: [
      "--no-client-certificates",
      ...["--kubernetes-api", controlPlane.url.href, "--allow-address", "127.0.0.1"],
      ...["--kubernetes-ca-file", controlPlane.caFile, "--kubernetes-token-file", account.tokenFile],
      ...["--namespace", account.namespace, "--pod-name", name],
      ...flags,
    ],
  });
}
