import type { InstallValues } from "../values/values.ts";
import type { Json, Manifest, Metadata, ObjectLabels } from "./manifest.ts";

/** What to install, and where. */
export interface Installation {
  readonly namespace: string;
  /** The version of kasbah: the default image tag, and a label. */
  readonly version: string;
  readonly values: InstallValues;
}

/**
 * The name of the objects. It is the same in every cluster, because agents and certificates contain the
 * Service's name.
 */
export const objectName = "kasbah";
export const grpcPort = 15012;
export const httpPort = 15014;
/** Not in the Service, and in no rule of the NetworkPolicy: only the kubelet of the pod's node needs it. */
export const probePort = 15016;

/** Selects the pods. Contains no version, because the selector of a StatefulSet is immutable. */
export const selectorLabels: ObjectLabels = {
  "app.kubernetes.io/name": "kasbah",
  "app.kubernetes.io/instance": "kasbah",
  "app.kubernetes.io/component": "ca",
};

/** The labels by which programs find any CA in a namespace: without those that a name or a Helm release changes. */
export const discoveryLabels: readonly string[] = [
  "app.kubernetes.io/part-of=kasbah",
  "app.kubernetes.io/component=ca",
];
export const discoverySelector = discoveryLabels.join(",");

/** Marks objects that `kasbah uninstall` may delete; it leaves those of Helm to Helm. */
export const managerLabel: ObjectLabels = { "app.kubernetes.io/managed-by": "kasbah" };

/** The labels of an object. Those of the operator never replace ours, by which programs find the object. */
export function objectLabels(
  { version, values }: Pick<Installation, "version" | "values">,
  own: ObjectLabels = {},
): ObjectLabels {
  return {
    ...values.commonLabels,
    ...own,
    ...selectorLabels,
    "app.kubernetes.io/part-of": "kasbah",
    "app.kubernetes.io/version": version,
    ...managerLabel,
  };
}

/** The name of cluster-scoped objects, unique per namespace so that two installations do not share them. */
export function clusterName({ namespace }: Pick<Installation, "namespace">): string {
  return `${objectName}-${namespace}`;
}

export function serviceAccountName({ values }: Pick<Installation, "values">): string {
  return values.serviceAccount.name || objectName;
}

/** What an object has in addition to what all objects have; a name only if it is not the common one. */
export interface OwnMetadata {
  readonly name?: string;
  readonly labels?: ObjectLabels;
  readonly annotations?: ObjectLabels;
}

export function inNamespace(installation: Installation, own: OwnMetadata = {}): Metadata {
  return { name: own.name ?? objectName, namespace: installation.namespace, ...marks(installation, own) };
}

/** The labels and annotations of an object, with those of all objects. */
export function marks(installation: Installation, { labels, annotations }: OwnMetadata = {}) {
  const all = { ...installation.values.commonAnnotations, ...annotations };
  return {
    labels: objectLabels(installation, labels),
    ...(Object.keys(all).length > 0 ? { annotations: all } : {}),
  };
}

/** A namespaced object with the common name. */
export function namespaced(
  installation: Installation,
  apiVersion: string,
  kind: string,
  parts: Readonly<Record<string, Json>>,
  own: OwnMetadata = {},
): Manifest {
  return { apiVersion, kind, metadata: inNamespace(installation, own), ...parts };
}
