{{/* What selects the pods. Never a version: selectors of a StatefulSet cannot change. */}}
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

{{/* Metadata of an object of the namespace. Agents and certificates name the Service, so the name is no release's. */}}
{{- define "kasbah.metadata" -}}
metadata:
  name: kasbah
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "kasbah.labels" . | nindent 4 }}
{{- end }}

{{/* The name of what belongs to no namespace, so that two installations do not share it. */}}
{{- define "kasbah.clusterName" -}}
kasbah-{{ .Release.Namespace }}
{{- end }}

{{/* The ConfigMap that the policy is read from; empty when there is none. */}}
{{- define "kasbah.policyMap" -}}
{{- with .Values.policy }}
{{- if and .text .configMap }}
{{- fail "policy: give its text, or the name of a ConfigMap that holds it, not both" }}
{{- end }}
{{- .configMap | default (.text | empty | ternary "" "kasbah-policy") }}
{{- end }}
{{- end }}

{{- define "kasbah.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}
