{{/* Rejects combinations of values that are each valid. kasbah install rejects the same ones. */}}
{{- define "kasbah.problems" -}}
{{- if and (hasKey .Values "enabled") (not .Values.enabled) }}
{{- fail "enabled: only for a chart that depends on this one; set ca.enabled instead" }}
{{- end }}
{{- if .Values.ca.enabled }}
{{- if and (gt (int .Values.replicas) 1) (not .Values.ca.stateSecret) }}
{{- fail "replicas: more than one requires a shared Secret: set ca.stateSecret, for example to kasbah-ca" }}
{{- end }}
{{- with .Values.serviceAccount }}
{{- if and (not .create) (not .name) }}
{{- fail "serviceAccount.name: required if serviceAccount.create is false" }}
{{- end }}
{{- end }}
{{- range .Values.pod.extraEnv }}
{{- if has .name (list "KASBAH_STATE_DIR" "POD_NAME" "POD_NAMESPACE" "KASBAH_LEDGER_PLACE") }}
{{- fail (printf "pod.extraEnv: %s is already set; remove it" .name) }}
{{- end }}
{{- end }}
{{- with .Values.service }}
{{- if and (ne .type "LoadBalancer") (or .loadBalancerClass .loadBalancerIP .loadBalancerSourceRanges) }}
{{- fail "service: loadBalancerClass, loadBalancerIP and loadBalancerSourceRanges require type LoadBalancer" }}
{{- end }}
{{- if and (eq .type "ClusterIP") (or .nodePort .externalTrafficPolicy) }}
{{- fail "service: nodePort and externalTrafficPolicy require type NodePort or LoadBalancer" }}
{{- end }}
{{- end }}
{{- if .Values.volume.existingClaim }}
{{- if gt (int .Values.replicas) 1 }}
{{- fail "volume.existingClaim: one replica only, because each needs its own volume" }}
{{- end }}
{{- if not .Values.volume.enabled }}
{{- fail "volume.existingClaim: requires volume.enabled" }}
{{- end }}
{{- end }}
{{- include "kasbah.sharedSecret" . }}
{{- end }}
{{- end }}

{{/*
Two CAs with one Secret would be one CA. A cluster shows the others; helm template and Argo CD, which have none, do not.
A CA with the usual name is not checked, because the installer may have no right to list.
*/}}
{{- define "kasbah.sharedSecret" -}}
{{- $own := include "kasbah.fullname" . }}
{{- $flag := print "--state-secret=" .Values.ca.stateSecret }}
{{- if and (ne $own "kasbah") .Values.ca.stateSecret }}
{{- range (lookup "apps/v1" "StatefulSet" .Release.Namespace "").items }}
{{- $labels := .metadata.labels | default dict }}
{{- if and (ne .metadata.name $own) (eq (get $labels "app.kubernetes.io/part-of") "kasbah") (ne (get $labels "app.kubernetes.io/instance") $.Release.Name) }}
{{- $flags := (first .spec.template.spec.containers).args | default list }}
{{- if has $flag $flags }}
{{- fail (printf "ca.stateSecret: the CA %s in this namespace has its keys in the Secret %s; choose another name" .metadata.name $.Values.ca.stateSecret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
