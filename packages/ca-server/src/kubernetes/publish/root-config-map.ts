import { createHash } from "node:crypto";
import { z } from "zod";
import { isAnotherProgram, managedFieldsSchema, ourManager, ownerOf } from "../api/managed-fields.ts";

/** pilot-agent and ztunnel read the root under this key. */
const rootKey = "root-cert.pem";
const label = ["istio.io/config", "true"] as const;
export const installationKey = "kasbah.dev/installation";
const stateSecretKey = "kasbah.dev/state-secret";

/** The stored properties of a ConfigMap. A digest replaces its content, which may be a megabyte. */
export interface PublishedRoot {
  /** Undefined if the key is missing. */
  readonly digest: string | undefined;
  readonly hasLabel: boolean;
  /** The manager that last wrote the root, if known. */
  readonly owner: string | undefined;
  /** The installation that publishes it; undefined if another program or an earlier release wrote it. */
  readonly installation: string | undefined;
  /** The Secret that held its key, if any. */
  readonly stateSecret: string | undefined;
}

/** What the CA writes about itself. */
export interface PublisherIdentity {
  /** `<namespace>/<name>`, the same for all replicas. */
  readonly installation: string;
  /** The Secret that holds the keys; undefined if they are in a state directory. */
  readonly stateSecret: string | undefined;
}

export interface InstallationName {
  readonly namespace: string;
  readonly installation: string;
}

/** The condition of a ConfigMap compared with the current bundle. */
export type RootCondition = "current" | "outdated" | "foreign";

const texts = z.record(z.string(), z.unknown()).nullish();
const text = z.string().optional().catch(undefined);

/** The mark of one CA on what it publishes; the name tells the CAs of one namespace apart. */
export function installationMark({ namespace, installation }: InstallationName): string {
  return `${namespace}/${installation}`;
}

export function installationNamespace(installation: string): string {
  return installation.split("/", 1)[0] ?? "";
}

/** Parses a ConfigMap of any shape. */
export const publishedRootSchema = z
  .object({
    metadata: z.object({ labels: texts, annotations: texts, managedFields: managedFieldsSchema }),
    data: texts,
  })
  .transform(({ metadata, data }): PublishedRoot => {
    const value = data?.[rootKey];
    return {
      digest: typeof value === "string" ? digestOf(value) : undefined,
      hasLabel: metadata.labels?.[label[0]] === label[1],
      owner: ownerOf(metadata.managedFields, "data", rootKey),
      installation: text.parse(metadata.annotations?.[installationKey]),
      stateSecret: text.parse(metadata.annotations?.[stateSecretKey]),
    };
  });

/** Equal for texts that differ only in their line ends. */
export function digestOf(pem: string): string {
  return createHash("sha256").update(pem.replaceAll("\r\n", "\n").trim()).digest("base64");
}

/** The roots in a ConfigMap as PEM; undefined if the key is missing. */
export function rootPemIn(found: unknown): string | undefined {
  const { data } = configMapSchema.parse(found);
  return text.parse(data?.[rootKey]);
}

/**
 * Another program's root may be replaced if it equals the one that the CA last published, because then no
 * other root was written after the CA's. This allows a rotation in a mesh that was taken over from istiod.
 */
export function compareRoot(
  found: PublishedRoot | undefined,
  wanted: string,
  lastPublished: string | undefined,
  publisher: RootPublisherFacts,
): RootCondition {
  if (found?.digest === undefined) return "outdated";
  const isOther = isAnotherInstallation(found, publisher);
  const isForeign = isAnotherProgram(found.owner) || isOther;
  if (found.digest === wanted) return isForeign || isMarked(found, publisher) ? "current" : "outdated";
  if (isOther) return "foreign";
  return isForeign && found.digest !== lastPublished ? "foreign" : "outdated";
}

/** This CA, and what it knows about others. */
export interface RootPublisherFacts {
  identity(): PublisherIdentity;
  /** Whether a namespace exists. An installation is gone with its namespace. */
  hasNamespace(name: string): boolean;
}

/** An earlier release did not write the installation, so a root without one may be this CA's. */
function isAnotherInstallation({ installation }: PublishedRoot, publisher: RootPublisherFacts): boolean {
  if (installation === undefined || installation === publisher.identity().installation) return false;
  return publisher.hasNamespace(installationNamespace(installation));
}

/** Whether the CA published the root, and no other program has written it since. */
export function isPublishedBy({ installation }: PublisherIdentity, found: PublishedRoot): boolean {
  // Releases before the annotation left only the field manager.
  const isOurs =
    found.installation === undefined ? found.owner === ourManager : found.installation === installation;
  return isOurs && !isAnotherProgram(found.owner);
}

function isMarked(found: PublishedRoot, publisher: RootPublisherFacts): boolean {
  const { installation, stateSecret } = publisher.identity();
  return found.hasLabel && found.installation === installation && found.stateSecret === stateSecret;
}

const configMapSchema = z.object({
  metadata: z.looseObject({ labels: texts, annotations: texts }),
  data: texts,
  binaryData: texts,
});

/** Returns the ConfigMap with the root, and with everything that other writers have put into it. */
export function withRoot(name: string, found: unknown, pem: string, identity: PublisherIdentity): object {
  const { metadata, data, binaryData } = configMapSchema.parse(found ?? { metadata: { name } });
  const { [stateSecretKey]: __, ...annotations } = metadata.annotations ?? {};
  const { installation, stateSecret } = identity;
  const marks = {
    [installationKey]: installation,
    ...(stateSecret === undefined ? {} : { [stateSecretKey]: stateSecret }),
  };
  const { [rootKey]: _, ...binary } = binaryData ?? {};
  return {
    ...(typeof found === "object" ? found : {}),
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [label[0]]: label[1] },
      annotations: { ...annotations, ...marks },
    },
    data: { ...data, [rootKey]: pem },
    ...(Object.keys(binary).length > 0 ? { binaryData: binary } : { binaryData: undefined }),
  };
}
