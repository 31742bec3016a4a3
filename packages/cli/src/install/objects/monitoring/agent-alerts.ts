import type { Alert } from "./alert.ts";

const pod = "{{ $labels.namespace }}/{{ $labels.pod }}";

/** What agents report about their workload, about gateway certificates from files, and about applications. */
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
    expr: 'kasbah_agent_gateway_names{condition=~"expiring|previous|incomplete|not-yet-valid"} > 0',
    for: "15m",
    severity: "warning",
    summary:
      `${pod} serves {{ $value }} gateway names whose ` +
      '{{ if eq $labels.condition "expiring" }}certificate expires soon and has not been renewed' +
      '{{ else if eq $labels.condition "previous" }}files are invalid, with their previous contents' +
      '{{ else if eq $labels.condition "incomplete" }}chain lacks the issuer of the certificate' +
      "{{ else }}certificate is not yet valid{{ end }}.",
  },
  {
    name: "KasbahCertificateRejected",
    expr: "sum by (namespace, pod) (kasbah_agent_refused_names) > 0",
    for: "5m",
    severity: "warning",
    summary: `Envoy in ${pod} rejects the current contents of {{ $value }} names (NACK).`,
  },
  {
    name: "KasbahConsumerStale",
    expr: "kasbah_agent_consumer_stale == 1",
    for: "10m",
    severity: "warning",
    summary: `An application of ${pod} could not be made to load its renewed certificate ({{ $labels.consumer }}).`,
  },
  {
    name: "KasbahConsumerStale",
    expr: "(kasbah_agent_consumer_deadline_seconds - time() < 3600) and kasbah_agent_consumer_stale == 1",
    for: "5m",
    severity: "critical",
    summary:
      `The certificate that an application of ${pod} loaded last ` +
      "{{ if lt $value 0.0 }}has expired{{ else }}expires in {{ $value | humanizeDuration }}{{ end }}" +
      " ({{ $labels.consumer }}).",
  },
];
