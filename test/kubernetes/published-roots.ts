import type { ControlPlane } from "./control-plane.ts";

/**
 * Deletes the roots that the CAs of earlier suites published. Their namespaces still exist, so a CA leaves their
 * roots unchanged.
 */
export async function deletePublishedRoots(controlPlane: ControlPlane): Promise<void> {
  const byName = "--field-selector=metadata.name=istio-ca-root-cert";
  await controlPlane.kubectl(["delete", "configmaps", "--all-namespaces", byName]);
}
