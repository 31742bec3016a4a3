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

/** Marks objects that `kasbah uninstall` may delete; it leaves those of Helm to Helm. */
export const managerLabel: ObjectLabels = { "app.kubernetes.io/managed-by": "kasbah" };

export function objectLabels({ version }: Pick<Installation, "version">): ObjectLabels {
  return {
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

export function inNamespace(installation: Installation, more: Partial<Metadata> = {}): Metadata {
  return { name: objectName, namespace: installation.namespace, labels: objectLabels(installation), ...more };
}

/** A namespaced object with the common name. */
export function namespaced(
  installation: Installation,
  apiVersion: string,
  kind: string,
  parts: Readonly<Record<string, Json>>,
): Manifest {
  return { apiVersion, kind, metadata: inNamespace(installation), ...parts };
}
