import type { ControlPlane } from "../control-plane.ts";

const group = "monitoring.coreos.com";
const kinds = ["ServiceMonitor", "PodMonitor", "PrometheusRule"];

/** The kinds of the Prometheus Operator, which accept any content. */
const definitions = kinds.map((kind) => {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
});

const names = definitions.map(({ metadata }) => `crd/${metadata.name}`);

export async function addMonitoringKinds(controlPlane: ControlPlane): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: definitions };
  await controlPlane.kubectl(["apply", "-f=-"], { stdin: JSON.stringify(list) });
  await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...names]);
}

export async function removeMonitoringKinds(controlPlane: ControlPlane): Promise<void> {
  await controlPlane.kubectl(["delete", "--ignore-not-found", "--timeout=60s", ...names]);
}
