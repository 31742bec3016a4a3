import { createHash } from "node:crypto";
import { z } from "zod";
import { isAnotherProgram, managedFieldsSchema, ownerOf } from "../api/managed-fields.ts";

/** Under which pilot-agent and ztunnel look for the root. */
const rootKey = "root-cert.pem";
const label = ["istio.io/config", "true"] as const;

/** What is kept of a ConfigMap: of its content no more than a digest, since it may hold a megabyte. */
export interface PublishedRoot {
  /** Undefined when the key is not there. */
  readonly digest: string | undefined;
  readonly hasLabel: boolean;
  /** The manager that wrote the root last, where it is known. */
  readonly owner: string | undefined;
}

/** What is to be done about a ConfigMap. */
export type RootCondition = "current" | "outdated" | "foreign";

const texts = z.record(z.string(), z.unknown()).nullish();

/** Reads a ConfigMap of any shape. */
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

/** Equal for texts that differ in no more than how their lines end. */
export function digestOf(pem: string): string {
  return createHash("sha256").update(pem.replaceAll("\r\n", "\n").trim()).digest("base64");
}

/**
 * Another program's root may be replaced when it is, as it stands, the one that we published until now: then nobody wrote
 * another after us. So the root can change in a mesh that was taken over from istiod.
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

/** The ConfigMap as it should be, with all that others have put into it. */
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
