{{/* Selects the pods. It contains no version, because the selector of a StatefulSet cannot change. */}}
{{- define "kasbah.selectorLabels" -}}
app.kubernetes.io/name: kasbah
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: ca
{{- end }}

{{- define "kasbah.labels" -}}
{{ include "kasbah.selectorLabels" . }}
app.kubernetes.io/part-of: kasbah
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Metadata of a namespaced object. Agents and certificates contain the name, so it does not depend on the release. */}}
{{- define "kasbah.metadata" -}}
metadata:
  name: kasbah
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "kasbah.labels" . | nindent 4 }}
{{- end }}

{{/* The name of cluster-scoped objects, unique per namespace so that two installations do not share one. */}}
{{- define "kasbah.clusterName" -}}
kasbah-{{ .Release.Namespace }}
{{- end }}

{{/* The ConfigMap that holds the policy; empty if there is no policy. */}}
{{- define "kasbah.policyMap" -}}
{{- with .Values.policy }}
{{- if and .text .configMap }}
{{- fail "policy: text and configMap are mutually exclusive: set only one of them" }}
{{- end }}
{{- .configMap | default (.text | empty | ternary "" "kasbah-policy") }}
{{- end }}
{{- end }}

{{- define "kasbah.image" -}}
{{- with .Values.image -}}
{{- if not .repository }}
{{- fail "image.repository: required: no image is published; build it (docs/image.md), push it to your registry, and add --set image.repository=registry.example/kasbah/server" }}
{{- end }}
{{- .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}
