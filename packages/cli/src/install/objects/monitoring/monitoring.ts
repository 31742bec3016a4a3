import { type Installation, inNamespace, objectName, selectorLabels } from "../installation.ts";
import type { Json, Manifest, ObjectLabels } from "../manifest.ts";
import { httpPortName } from "../services.ts";
import { alertGroups } from "./alert-rules.ts";

const prometheusOperator = "monitoring.coreos.com/v1";

/**
 * Objects for the Prometheus Operator. All are off by default, because a cluster without it does not have
 * their kinds.
 */
export function monitoringObjects(installation: Installation): readonly Manifest[] {
  const { serviceMonitor, podMonitor, prometheusRule } = installation.values;
  const object = (kind: string, name: string, labels: ObjectLabels, spec: Json) => ({
    apiVersion: prometheusOperator,
    kind,
    metadata: inNamespace(installation, { name, labels }),
    spec,
  });
  return [
    ...(serviceMonitor.enabled
      ? [object("ServiceMonitor", objectName, serviceMonitor.labels, ofService(installation))]
      : []),
    ...(podMonitor.enabled
      ? [object("PodMonitor", `${objectName}-workloads`, podMonitor.labels, ofAgents(podMonitor))]
      : []),
    ...(prometheusRule.enabled
      ? [
          object("PrometheusRule", objectName, prometheusRule.labels, {
            groups: alertGroups(prometheusRule.runbookUrl),
          }),
        ]
      : []),
  ];
}

function ofService({ namespace, values: { serviceMonitor } }: Installation): Json {
  return {
    selector: { matchLabels: selectorLabels },
    namespaceSelector: { matchNames: [namespace] },
    endpoints: [{ port: httpPortName, path: "/metrics", interval: serviceMonitor.interval }],
  };
}

/** Every pod with the port, unless the selector says otherwise. */
function ofAgents({ selector, namespaces, port, interval }: Installation["values"]["podMonitor"]): Json {
  return {
    selector,
    namespaceSelector: namespaces.length > 0 ? { matchNames: namespaces } : { any: true },
    podMetricsEndpoints: [{ port, path: "/metrics", interval }],
  };
}
