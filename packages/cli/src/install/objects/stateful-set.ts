import { type Installation, managerLabel, namespaced, objectLabels, selectorLabels } from "./installation.ts";
import { type Json, type Manifest, withoutEmpty } from "./manifest.ts";
import { podSpec } from "./pod.ts";
import { replicasService } from "./services.ts";

/**
 * The CA's pods. Each has its own volume, which remains when the pod or the set is deleted or scaled down.
 */
export function statefulSet(installation: Installation): Manifest {
  const { replicas, updateStrategy, pod, volume } = installation.values;
  const labels = objectLabels(installation, pod.labels);
  const metadata = withoutEmpty({ labels, annotations: pod.annotations });
  return namespaced(installation, "apps/v1", "StatefulSet", {
    spec: {
      replicas,
      serviceName: replicasService,
      // A replica that does not become ready must not keep others from starting.
      podManagementPolicy: "Parallel",
      updateStrategy: Object.keys(updateStrategy).length > 0 ? updateStrategy : { type: "RollingUpdate" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      selector: { matchLabels: selectorLabels },
      template: { metadata, spec: podSpec(installation) },
      ...(volume.enabled && volume.existingClaim === ""
        ? { volumeClaimTemplates: [volumeClaim(installation)] }
        : {}),
    },
  });
}

function volumeClaim({ values: { volume } }: Installation): Json {
  return {
    metadata: { name: "state", labels: { ...selectorLabels, ...managerLabel } },
    spec: {
      accessModes: [volume.accessMode],
      ...withoutEmpty({ storageClassName: volume.storageClassName }),
      resources: { requests: { storage: volume.size } },
    },
  };
}
