import { z } from "zod";

/** The stored properties of a namespace. */
export interface NamespaceFacts {
  readonly isTerminating: boolean;
}

/** No workload there needs a root; Istio also skips these namespaces. */
const withoutWorkloads: ReadonlySet<string> = new Set([
  "kube-public",
  "kube-node-lease",
  "local-path-storage",
]);

export const namespaceSchema = z
  .object({
    metadata: z.object({ deletionTimestamp: z.string().nullish() }),
    status: z.object({ phase: z.string().optional() }).nullish(),
  })
  .transform(({ metadata, status }): NamespaceFacts => {
    const isDeleted = typeof metadata.deletionTimestamp === "string";
    return { isTerminating: isDeleted || status?.phase === "Terminating" };
  });

/** Whether the namespace needs the root. Nothing can be created in a namespace that is terminating. */
export function isServed(name: string, namespace: NamespaceFacts | undefined): boolean {
  return namespace !== undefined && !namespace.isTerminating && !withoutWorkloads.has(name);
}
