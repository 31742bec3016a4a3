{{/* Milliseconds of a duration such as 1h30m. */}}
{{- define "kasbah.milliseconds" -}}
{{- $units := dict "d" 86400000 "h" 3600000 "m" 60000 "s" 1000 "ms" 1 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+(ms|[dhms])" (toString .) -1 }}
{{- $sum = add $sum (mul (regexFind "^[0-9]+" . | atoi) (get $units (regexFind "[a-z]+$" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{/* The flags that values set, each with its value; the CA accepts none of them twice. */}}
{{- define "kasbah.givenFlags" -}}
{{- with .Values }}
{{- if not .ca.clientCertificates }}
--no-client-certificates: ca.clientCertificates
{{- end }}
{{- if .ca.stateSecret }}
--state-secret: ca.stateSecret
{{- end }}
{{- if .ca.checkpointConfigMap }}
--checkpoint-to: ca.checkpointConfigMap
{{- end }}
{{- if .rootConfigMap.publish }}
--root-config-map: rootConfigMap.publish
{{- end }}
{{- if include "kasbah.selectorText" .rootConfigMap.namespaceSelector }}
--root-config-map-namespaces: rootConfigMap.namespaceSelector
{{- end }}
{{- if ne (include "kasbah.fullname" $) "kasbah" }}
--installation: fullnameOverride
{{- end }}
{{- if .clusterTrustBundle.enabled }}
--cluster-trust-bundle: clusterTrustBundle.enabled
{{- end }}
{{- if or .policy.text .policy.configMap }}
--policy: policy
{{- end }}
{{- if ne (toString .ca.workers) "1" }}
--workers: ca.workers
{{- end }}
{{- if .tracing.otlpEndpoint }}
--otlp-endpoint: tracing.otlpEndpoint
{{- end }}
{{- end }}
{{- end }}

{{/* The port of a URL. */}}
{{- define "kasbah.urlPort" -}}
{{- $url := urlParse . }}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/* Empty for helm template: only the API versions of a cluster contain kinds. */}}
{{- define "kasbah.isCluster" -}}
{{- if .Capabilities.APIVersions.Has "apps/v1/StatefulSet" }}yes{{ end }}
{{- end }}

{{/* Fails if the cluster does not serve a kind. */}}
{{- define "kasbah.requireKind" -}}
{{- if and (include "kasbah.isCluster" .root) (not (.root.Capabilities.APIVersions.Has .kind)) }}
{{- fail (printf "%s: the cluster does not serve %s: %s, or set it to false" .value .kind .fix) }}
{{- end }}
{{- end }}

{{- define "kasbah.testResources" -}}
{requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 256Mi}}
{{- end }}
