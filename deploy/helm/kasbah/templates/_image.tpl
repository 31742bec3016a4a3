{{/* A global registry applies to a repository that names none. A part with a dot or a port names one, and localhost. */}}
{{- define "kasbah.image" -}}
{{- $registry := (.Values.global | default dict).imageRegistry | default "" | trimSuffix "/" -}}
{{- with .Values.image -}}
{{- if not .repository }}
{{- fail "image.repository: required: no image is published; build it (docs/image.md), push it to your registry, and add --set image.repository=registry.example/kasbah/server" }}
{{- end }}
{{- if and $registry (not (regexMatch "^([^/]*[.:][^/]*|localhost)/" .repository)) }}
{{- $registry }}/
{{- end }}
{{- .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* The Secrets of this chart, then those for all charts of an umbrella chart, which are names or objects. */}}
{{- define "kasbah.imagePullSecrets" -}}
{{- $secrets := list }}
{{- range concat (.Values.imagePullSecrets | default list) ((.Values.global | default dict).imagePullSecrets | default list) }}
{{- $secrets = append $secrets (dict "name" (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name"))) }}
{{- end }}
{{- with uniq $secrets }}
{{- toYaml . }}
{{- end }}
{{- end }}
