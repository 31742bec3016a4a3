import { alertGroups } from "./alert-rules.ts";
import { type Installation, inNamespace, selectorLabels } from "./installation.ts";
import type { Manifest, ObjectLabels } from "./manifest.ts";
import { httpPortName } from "./services.ts";

const prometheusOperator = "monitoring.coreos.com/v1";

/**
 * Objects for the Prometheus Operator. Both are off by default, because a cluster without it does not have
 * their kinds.
 */
export function monitoringObjects(installation: Installation): readonly Manifest[] {
  const { serviceMonitor, prometheusRule } = installation.values;
  const monitorSpec = {
    selector: { matchLabels: selectorLabels },
    namespaceSelector: { matchNames: [installation.namespace] },
    endpoints: [{ port: httpPortName, path: "/metrics", interval: serviceMonitor.interval }],
  };
  const ruleSpec = { groups: alertGroups(prometheusRule.runbookUrl) };
  const object = (kind: string, labels: ObjectLabels) => ({
    apiVersion: prometheusOperator,
    kind,
    metadata: inNamespace(installation, { labels }),
  });
  return [
    ...(serviceMonitor.enabled
      ? [{ ...object("ServiceMonitor", serviceMonitor.labels), spec: monitorSpec }]
      : []),
    ...(prometheusRule.enabled
      ? [{ ...object("PrometheusRule", prometheusRule.labels), spec: ruleSpec }]
      : []),
  ];
}
