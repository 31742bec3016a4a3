{{- define "kasbah.metadataWith" -}}
metadata:
  name: kasbah{{ .suffix | default "" }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- merge (include "kasbah.labels" .root | fromYaml) (.labels | default dict) | toYaml | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
