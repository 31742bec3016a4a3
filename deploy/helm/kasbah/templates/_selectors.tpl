{{/* A LabelSelector as a flag of the CA reads it; empty if it selects everything. */}}
{{- define "kasbah.selectorText" -}}
{{- $parts := list }}
{{- with . }}
{{- range $key, $value := .matchLabels }}
{{- $parts = append $parts (printf "%s=%s" $key $value) }}
{{- end }}
{{- range .matchExpressions }}
{{- if eq .operator "Exists" }}
{{- $parts = append $parts .key }}
{{- else if eq .operator "DoesNotExist" }}
{{- $parts = append $parts (printf "!%s" .key) }}
{{- else }}
{{- $parts = append $parts (printf "%s %s (%s)" .key (lower .operator) (join "," .values)) }}
{{- end }}
{{- end }}
{{- end }}
{{- join "," $parts }}
{{- end }}
