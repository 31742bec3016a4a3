{{/* The label app.kubernetes.io/name. Two CAs of one umbrella chart have the same release, but not the same name. */}}
{{- define "kasbah.name" -}}
{{- .Values.nameOverride | default .Values.fullnameOverride | default "kasbah" }}
{{- end }}

{{/* The name of the objects. Agents and certificates contain it, so it does not depend on the release. */}}
{{- define "kasbah.fullname" -}}
{{- .Values.fullnameOverride | default .Values.nameOverride | default "kasbah" }}
{{- end }}

{{/* Selects the pods. Without a version and commonLabels, because the selector of a StatefulSet cannot change. */}}
{{- define "kasbah.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kasbah.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: ca
{{- end }}

{{- define "kasbah.ownLabels" -}}
{{ include "kasbah.selectorLabels" . }}
app.kubernetes.io/part-of: kasbah
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The labels of an object with some of its own. Programs find the object by ours, which nothing replaces. */}}
{{- define "kasbah.labelsWith" -}}
{{- $more := merge dict (.labels | default dict) (.root.Values.commonLabels | default dict) }}
{{- if $more }}
{{- merge (include "kasbah.ownLabels" .root | fromYaml) $more | toYaml }}
{{- else }}
{{- include "kasbah.ownLabels" .root }}
{{- end }}
{{- end }}

{{- define "kasbah.labels" -}}
{{- include "kasbah.labelsWith" (dict "root" .) }}
{{- end }}

{{/*
Metadata of an object with a suffix of its name, labels or annotations of its own. The names of cluster-scoped objects
contain the namespace, so that two installations do not share one.
*/}}
{{- define "kasbah.metadataWith" -}}
{{- $root := .root -}}
metadata:
  name: {{ .name | default (print (include "kasbah.fullname" $root) (.suffix | default "")) | quote }}
  namespace: {{ $root.Release.Namespace | quote }}
  {{- include "kasbah.marks" . | nindent 2 }}
{{- end }}

{{- define "kasbah.metadata" -}}
{{- include "kasbah.metadataWith" (dict "root" .) }}
{{- end }}

{{- define "kasbah.clusterMetadata" -}}
metadata:
  name: {{ include "kasbah.clusterName" . | quote }}
  {{- include "kasbah.marks" (dict "root" .) | nindent 2 }}
{{- end }}

{{- define "kasbah.marks" -}}
labels:
  {{- include "kasbah.labelsWith" . | nindent 2 }}
{{- with merge dict (.annotations | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "kasbah.clusterName" -}}
{{ include "kasbah.fullname" . }}-{{ .Release.Namespace }}
{{- end }}

{{- define "kasbah.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "kasbah.fullname" .) }}
{{- end }}

{{/* The ConfigMap that holds the policy; empty if there is no policy. */}}
{{- define "kasbah.policyMap" -}}
{{- with .Values.policy }}
{{- if and .text .configMap }}
{{- fail "policy: text and configMap are mutually exclusive: set only one of them" }}
{{- end }}
{{- .configMap | default (.text | empty | ternary "" (print (include "kasbah.fullname" $) "-policy")) }}
{{- end }}
{{- end }}
