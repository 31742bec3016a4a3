{{/* A probe; empty if it is disabled. */}}
{{- define "kasbah.probe" -}}
{{- if .pace.enabled -}}
httpGet:
  path: /healthz/{{ $.path }}
  port: http-probes
{{- range $field := list "initialDelaySeconds" "timeoutSeconds" "periodSeconds" "failureThreshold" }}
{{- $value := get $.pace $field }}
{{- if not (kindIs "invalid" $value) }}
{{- if ne (toString $value) "" }}
{{ $field }}: {{ int $value }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A socket on :: accepts IPv4 too, but some nodes have no IPv6. */}}
{{- define "kasbah.listenAddress" -}}
{{- with .Values.service }}
{{- or (has .ipFamilyPolicy (list "PreferDualStack" "RequireDualStack")) (has "IPv6" .ipFamilies) | ternary "[::]" "0.0.0.0" }}
{{- end }}
{{- end }}

{{/* The CA's SPIFFE ID; empty if the server's default or a flag of ca.extraArgs applies. */}}
{{- define "kasbah.ownSpiffeId" -}}
{{- $account := include "kasbah.serviceAccountName" . }}
{{- $isGiven := false }}
{{- range .Values.ca.extraArgs }}
{{- if hasPrefix "--own-spiffe-id=" . }}{{ $isGiven = true }}{{ end }}
{{- end }}
{{- if and (ne $account "kasbah") (not $isGiven) }}
{{- printf "spiffe://%s/ns/%s/sa/%s" .Values.ca.trustDomain .Release.Namespace $account }}
{{- end }}
{{- end }}
