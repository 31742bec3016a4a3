import { z } from "zod";

/** What is kept of a namespace. */
export interface NamespaceFacts {
  readonly isTerminating: boolean;
}

/** Nothing that needs a root runs there; Istio leaves them out too. */
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

/** Whether the root belongs there: nothing new can be made in a namespace that goes away. */
export function isServed(name: string, namespace: NamespaceFacts | undefined): boolean {
  return namespace !== undefined && !namespace.isTerminating && !withoutWorkloads.has(name);
}
