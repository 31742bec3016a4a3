import { createHash } from "node:crypto";
import { z } from "zod";
import { isAnotherProgram, managedFieldsSchema, ownerOf } from "../api/managed-fields.ts";

/** pilot-agent and ztunnel read the root under this key. */
const rootKey = "root-cert.pem";
const label = ["istio.io/config", "true"] as const;

/** The stored properties of a ConfigMap. A digest replaces its content, which may be a megabyte. */
export interface PublishedRoot {
  /** Undefined if the key is missing. */
  readonly digest: string | undefined;
  readonly hasLabel: boolean;
  /** The manager that last wrote the root, if known. */
  readonly owner: string | undefined;
}

/** The condition of a ConfigMap compared with the current bundle. */
export type RootCondition = "current" | "outdated" | "foreign";

const texts = z.record(z.string(), z.unknown()).nullish();

/** Parses a ConfigMap of any shape. */
export const publishedRootSchema = z
  .object({ metadata: z.object({ labels: texts, managedFields: managedFieldsSchema }), data: texts })
  .transform(({ metadata, data }): PublishedRoot => {
    const value = data?.[rootKey];
    return {
      digest: typeof value === "string" ? digestOf(value) : undefined,
      hasLabel: metadata.labels?.[label[0]] === label[1],
      owner: ownerOf(metadata.managedFields, "data", rootKey),
    };
  });

/** Equal for texts that differ only in their line ends. */
export function digestOf(pem: string): string {
  return createHash("sha256").update(pem.replaceAll("\r\n", "\n").trim()).digest("base64");
}

/**
 * Another program's root may be replaced if it equals the one that the CA last published, because then no
 * other root was written after the CA's. This allows a rotation in a mesh that was taken over from istiod.
 */
export function compareRoot(
  found: PublishedRoot | undefined,
  wanted: string,
  lastPublished: string | undefined,
): RootCondition {
  if (found?.digest === undefined) return "outdated";
  const isForeign = isAnotherProgram(found.owner);
  if (found.digest === wanted) return isForeign || found.hasLabel ? "current" : "outdated";
  return isForeign && found.digest !== lastPublished ? "foreign" : "outdated";
}

const configMapSchema = z.object({
  metadata: z.looseObject({ labels: texts }),
  data: texts,
  binaryData: texts,
});

/** Returns the ConfigMap with the root, and with everything that other writers have put into it. */
export function withRoot(name: string, found: unknown, pem: string): object {
  const { metadata, data, binaryData } = configMapSchema.parse(found ?? { metadata: { name } });
  const { [rootKey]: _, ...binary } = binaryData ?? {};
  return {
    ...(typeof found === "object" ? found : {}),
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, labels: { ...metadata.labels, [label[0]]: label[1] } },
    data: { ...data, [rootKey]: pem },
    ...(Object.keys(binary).length > 0 ? { binaryData: binary } : { binaryData: undefined }),
  };
}
