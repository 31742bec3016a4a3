import type { Manifest } from "../../../packages/cli/src/install/objects/manifest.ts";
import type { Kubectl } from "../../../packages/cli/src/kubectl/kubectl.ts";

interface StatefulSet extends Manifest {
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: object };
    readonly volumeClaimTemplates: readonly {
      readonly metadata: { readonly labels: Labels };
      readonly spec: object;
    }[];
  } & Manifest["spec"];
}

type Labels = Readonly<Record<string, string>>;

const setOf = (objects: readonly Manifest[]) =>
  objects.find(({ kind }) => kind === "StatefulSet") as StatefulSet | undefined;

/**
 * The pod that the StatefulSet controller would create, without its volume claim; undefined if the objects
 * contain no StatefulSet.
 */
export function podOf(objects: readonly Manifest[]): string | undefined {
  const template = setOf(objects)?.spec.template;
  if (template === undefined) return undefined;
  const { metadata, spec } = template;
  const volumes = "volumes" in spec && Array.isArray(spec.volumes) ? spec.volumes : [];
  const state = { name: "state", persistentVolumeClaim: { claimName: "state-kasbah-0" } };
  const isThere = volumes.some(({ name }) => name === "state");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name: "kasbah-0" },
    spec: { ...spec, volumes: isThere ? volumes : [...volumes, state] },
  });
}

/** The claim that the StatefulSet controller would create. */
export function claimOf(objects: readonly Manifest[]): string {
  const [claim] = setOf(objects)?.spec.volumeClaimTemplates ?? [];
  if (claim === undefined) throw new Error("the StatefulSet has no volume claim");
  const metadata = { ...claim.metadata, name: "state-kasbah-0" };
  return JSON.stringify({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim.spec });
}

/** The rights of the CA's service account beyond those of every account in its namespace. */
export async function canDo(
  kubectl: Kubectl,
  namespace: string,
  account = "kasbah",
): Promise<readonly string[]> {
  const mayOf = async (account: string) => {
    const as = `--as=system:serviceaccount:${namespace}:${account}`;
    const text = await kubectl(["auth", "can-i", "--list", "--no-headers", `--namespace=${namespace}`, as]);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(rightIn);
  };
  const everybody = new Set(await mayOf("default"));
  return (await mayOf(account)).filter((right) => !everybody.has(right)).sort();
}

/** Columns: resource, non-resource URLs, names, verbs. */
function rightIn(line: string): string {
  const columns = /^(\S*)\s+\[.*?\]\s+(\[.*?\])\s+\[(.*?)\]$/.exec(line.trim()) ?? [];
  const [, resource = "", names = "", verbs = ""] = columns;
  return `${resource} ${names} ${verbs.split(" ").toSorted().join(" ")}`;
}
