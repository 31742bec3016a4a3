import { writeFile } from "node:fs/promises";
import { temporaryDirectory } from "@kasbah/testkit";
import { KubernetesClient } from "../../../packages/ca-server/src/kubernetes/api/api-client.ts";
import type { Permission } from "../../../packages/ca-server/src/kubernetes/rbac/rbac-rules.ts";
import { AddressRules } from "../../../packages/ca-server/src/outbound/address-rules.ts";
import type { ControlPlane } from "../control-plane.ts";
import { createToken } from "../workloads.ts";

/** A service account in its own namespace, with exactly the rights of the latest `allow`. */
export interface LeastAccount {
  readonly namespace: string;
  readonly tokenFile: string;
  readonly client: KubernetesClient;
  /** Takes effect within moments. */
  allow(permissions: readonly Permission[]): Promise<void>;
  remove(): Promise<void>;
}

const roleApi = "rbac.authorization.k8s.io";

export async function createLeastAccount(controlPlane: ControlPlane): Promise<LeastAccount> {
  const namespace = await controlPlane.newNamespace("kasbah");
  const directory = await temporaryDirectory();
  const tokenFile = directory.join("token");
  await writeFile(tokenFile, await createToken(controlPlane, namespace, "default"));
  const roles = await bindRoles(controlPlane, namespace);
  return {
    namespace,
    tokenFile,
    client: new KubernetesClient({
      server: controlPlane.url,
      caFile: controlPlane.caFile,
      tokenFile,
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    }),
    async allow(permissions) {
      for (const scope of ["cluster", "namespace"] as const) {
        const rules = permissions.filter(({ rule }) => rule.scope === scope).map(ruleOf);
        await demand(controlPlane.adminRequest("PATCH", roles[scope], { rules }));
      }
    },
    remove: () => directory.remove(),
  };
}

/** Creates a ClusterRole and a Role without rules; returns their paths. */
async function bindRoles(controlPlane: ControlPlane, namespace: string) {
  const api = `/apis/${roleApi}/v1`;
  const cluster = `${api}/cluster`;
  const own = `${api}/namespaces/${namespace}/`;
  const metadata = { name: namespace };
  const subjects = [{ kind: "ServiceAccount", name: "default", namespace }];
  const kinds = { [cluster]: "ClusterRole", [own]: "Role" };
  for (const [prefix, kind] of Object.entries(kinds)) {
    const roleRef = { apiGroup: roleApi, kind, name: namespace };
    await demand(controlPlane.adminRequest("POST", `${prefix}roles`, { metadata, rules: [] }));
    await demand(controlPlane.adminRequest("POST", `${prefix}rolebindings`, { metadata, roleRef, subjects }));
  }
  return { cluster: `${cluster}roles/${namespace}`, namespace: `${own}roles/${namespace}` };
}

function ruleOf({ rule, verb, name }: Permission) {
  const { group, resource } = rule;
  const names = name === undefined ? {} : { resourceNames: [name] };
  return { apiGroups: [group], resources: [resource], verbs: [verb], ...names };
}

async function demand(answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200 && status !== 201) throw new Error(`${status}: ${JSON.stringify(body)}`);
}
