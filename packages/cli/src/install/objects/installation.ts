import type { InstallValues } from "../values/values.ts";
import type { Json, Manifest, Metadata, ObjectLabels } from "./manifest.ts";

/** What is to be installed, and where. */
export interface Installation {
  readonly namespace: string;
  /** Of kasbah: the image's tag unless another is given, and a label. */
  readonly version: string;
  readonly values: InstallValues;
}

/** Of every object. Agents and certificates name the Service, so it is the same in each cluster. */
export const objectName = "kasbah";
export const grpcPort = 15012;
export const httpPort = 15014;

/** What selects the pods. Never a version: selectors of a StatefulSet cannot change. */
export const selectorLabels: ObjectLabels = {
  "app.kubernetes.io/name": "kasbah",
  "app.kubernetes.io/instance": "kasbah",
  "app.kubernetes.io/component": "ca",
};

/** What `kasbah uninstall` knows its own by, and leaves to Helm what Helm has installed. */
export const managerLabel: ObjectLabels = { "app.kubernetes.io/managed-by": "kasbah" };

export function objectLabels({ version }: Pick<Installation, "version">): ObjectLabels {
  return {
    ...selectorLabels,
    "app.kubernetes.io/part-of": "kasbah",
    "app.kubernetes.io/version": version,
    ...managerLabel,
  };
}

/** The name of what belongs to no namespace, so that two installations do not share it. */
export function clusterName({ namespace }: Pick<Installation, "namespace">): string {
  return `${objectName}-${namespace}`;
}

export function inNamespace(installation: Installation, more: Partial<Metadata> = {}): Metadata {
  return { name: objectName, namespace: installation.namespace, labels: objectLabels(installation), ...more };
}

/** An object of the namespace that is named as the installation is. */
export function namespaced(
  installation: Installation,
  apiVersion: string,
  kind: string,
  parts: Readonly<Record<string, Json>>,
): Manifest {
  return { apiVersion, kind, metadata: inNamespace(installation), ...parts };
}
