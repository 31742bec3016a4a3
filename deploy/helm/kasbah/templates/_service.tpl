{{/* The address families of both Services; empty if the cluster chooses. */}}
{{- define "kasbah.ipFamilies" -}}
{{- with .Values.service }}
{{- $families := dict }}
{{- with .ipFamilyPolicy }}{{ $families = set $families "ipFamilyPolicy" . }}{{ end }}
{{- with .ipFamilies }}{{ $families = set $families "ipFamilies" . }}{{ end }}
{{- with $families }}
{{- toYaml . }}
{{- end }}
{{- end }}
{{- end }}
