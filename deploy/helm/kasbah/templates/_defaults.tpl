{{/*
helm upgrade --reuse-values takes the defaults of the former chart too, which lack the groups that this chart has added.
Every template begins with this, because Helm renders them in no fixed order.
*/}}
{{- define "kasbah.defaults" -}}
{{- $defaults := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- $added := list "global" "commonLabels" "commonAnnotations" "updateStrategy" "serviceAccount" "service" "probes" "podMonitor" "dashboard" }}
{{- range $added }}
{{- include "kasbah.fill" (dict "values" $.Values "defaults" (pick $defaults .)) }}
{{- end }}
{{- /* A group that is null has its defaults, as with kasbah install. Null for resources removes requests and limits. */}}
{{- range $group, $default := omit $defaults "resources" }}
{{- if and (kindIs "map" $default) (not (hasKey $.Values $group)) }}
{{- $_ := set $.Values $group $default }}
{{- end }}
{{- end }}
{{- end }}

{{/* Sets what is missing, at every depth. Not merge, which also replaces false and 0. */}}
{{- define "kasbah.fill" -}}
{{- $values := .values }}
{{- range $key, $default := .defaults }}
{{- $value := get $values $key }}
{{- if not (hasKey $values $key) }}
{{- $_ := set $values $key $default }}
{{- else if and (kindIs "map" $value) (kindIs "map" $default) }}
{{- include "kasbah.fill" (dict "values" $value "defaults" $default) }}
{{- end }}
{{- end }}
{{- end }}
