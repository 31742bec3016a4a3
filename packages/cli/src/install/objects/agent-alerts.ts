import type { Alert } from "./alert.ts";

const pod = "{{ $labels.namespace }}/{{ $labels.pod }}";

/** What agents report about their workload, and about the gateway certificates that they serve from files. */
export const agentAlerts: readonly Alert[] = [
  {
    name: "KasbahCertificateNotRenewed",
    expr: 'kasbah_agent_secret_state{state=~"stale|expired"} == 1',
    for: "10m",
    severity: "warning",
    summary:
      `The certificate of ${pod} ` +
      '{{ if eq $labels.state "expired" }}has expired{{ else }}is overdue for renewal{{ end }}.',
  },
  {
    name: "KasbahGatewayCertificate",
    expr: 'kasbah_agent_gateway_names{condition=~"missing|expired"} > 0',
    for: "5m",
    severity: "critical",
    summary:
      `${pod} serves {{ $value }} gateway names ` +
      '{{ if eq $labels.condition "expired" }}whose certificate has expired{{ else }}without any certificate{{ end }}.',
  },
  {
    name: "KasbahGatewayCertificate",
    expr: 'kasbah_agent_gateway_names{condition=~"expiring|previous|not-yet-valid"} > 0',
    for: "15m",
    severity: "warning",
    summary:
      `${pod} serves {{ $value }} gateway names whose ` +
      '{{ if eq $labels.condition "expiring" }}certificate expires soon and has not been renewed' +
      '{{ else if eq $labels.condition "previous" }}files are invalid, with their previous contents' +
      "{{ else }}certificate is not yet valid{{ end }}.",
  },
  {
    name: "KasbahCertificateRejected",
    expr: "sum by (namespace, pod) (kasbah_agent_refused_names) > 0",
    for: "5m",
    severity: "warning",
    summary: `Envoy in ${pod} rejects the current contents of {{ $value }} names (NACK).`,
  },
];
