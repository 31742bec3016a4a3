import { z } from "zod";

/** The stored properties of a namespace. */
export interface NamespaceFacts {
  readonly isTerminating: boolean;
  /** Whether the CA creates the root there. */
  readonly isSelected: boolean;
}

export type NamespaceSelector = (labels: Readonly<Record<string, string>>) => boolean;

/** No workload there needs a root; Istio also skips these namespaces. */
const withoutWorkloads: ReadonlySet<string> = new Set([
  "kube-public",
  "kube-node-lease",
  "local-path-storage",
]);

const labelsSchema = z.record(z.string(), z.string()).nullish().catch(undefined);

/** @param own the namespace of the CA, which is always selected: a new replica looks there for a lost root */
export function namespaceSchema(selects: NamespaceSelector, own: string) {
  return z
    .object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().nullish(), labels: labelsSchema }),
      status: z.object({ phase: z.string().optional() }).nullish(),
    })
    .transform(({ metadata: { name, deletionTimestamp, labels }, status }): NamespaceFacts => {
      const isDeleted = typeof deletionTimestamp === "string";
      return {
        isTerminating: isDeleted || status?.phase === "Terminating",
        isSelected: name === own || selects(labels ?? {}),
      };
    });
}

/** Whether the namespace needs the root. Nothing can be created in a namespace that is terminating. */
export function isServed(name: string, namespace: NamespaceFacts | undefined): boolean {
  return namespace !== undefined && !namespace.isTerminating && !withoutWorkloads.has(name);
}
