{{- define "scim-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* Leaves room for the suffixes of names and for those of pods. */}}
{{- define "scim-operator.fullname" -}}
{{- $name := include "scim-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* For objects without a namespace: releases in two namespaces may have the same name. */}}
{{- define "scim-operator.clusterName" -}}
{{- $fullname := include "scim-operator.fullname" . }}
{{- if eq $fullname .Release.Namespace }}
{{- $fullname }}
{{- else }}
{{- printf "%s-%s" .Release.Namespace $fullname }}
{{- end }}
{{- end }}

{{- define "scim-operator.serviceAccountName" -}}
{{- default (include "scim-operator.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "scim-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "scim-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "scim-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (replace "+" "_" .Chart.Version) }}
{{ include "scim-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: scim-operator
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "scim-operator.metadata" -}}
labels:
  {{- include "scim-operator.labels" . | nindent 2 }}
{{- end }}

{{/* Labels, and the annotation that keeps the object when the release is uninstalled. */}}
{{- define "scim-operator.crdMetadata" -}}
labels:
  {{- include "scim-operator.labels" . | nindent 2 }}
{{- if .Values.crds.keep }}
annotations:
  {{- include "scim-operator.kept" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Argo CD heeds that of helm when an Application is deleted, but not when it prunes. */}}
{{- define "scim-operator.kept" -}}
helm.sh/resource-policy: keep
argocd.argoproj.io/sync-options: Prune=false
{{- end }}

{{- define "scim-operator.image" -}}
{{- $image := .Values.image }}
{{- $tag := default (ternary "" .Chart.AppVersion (ne $image.digest "")) $image.tag }}
{{- $image.repository }}{{ with $tag }}:{{ . }}{{ end }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The following return a text that is empty for "no". */}}

{{- define "scim-operator.usesDatabase" -}}
{{- if .Values.database.existingSecret.name }}yes{{ end }}
{{- end }}

{{- define "scim-operator.usesClaim" -}}
{{- $isOn := .Values.persistence.enabled }}
{{- if kindIs "invalid" $isOn }}{{ $isOn = not .Values.persistence.emptyDir }}{{ end }}
{{- if and $isOn (not (include "scim-operator.usesDatabase" .)) }}yes{{ end }}
{{- end }}

{{- define "scim-operator.isReplicated" -}}
{{- if include "scim-operator.usesDatabase" . }}
{{- if or .Values.autoscaling.enabled (kindIs "invalid" .Values.replicaCount) (gt (int .Values.replicaCount) 1) }}yes{{ end }}
{{- end }}
{{- end }}

{{- define "scim-operator.usesSso" -}}
{{- if and .Values.console.enabled (or .Values.sso.config .Values.sso.existingSecret.name) }}yes{{ end }}
{{- end }}

{{/* Whether the console has a Service of its own. */}}
{{- define "scim-operator.hasConsoleService" -}}
{{- if and .Values.console.enabled .Values.operator.separate }}yes{{ end }}
{{- end }}

{{- define "scim-operator.consoleService" -}}
{{- include "scim-operator.fullname" . }}-console
{{- end }}

{{- define "scim-operator.ssoFile" -}}
{{- ternary .Values.sso.existingSecret.key "sso.yaml" (ne .Values.sso.existingSecret.name "") }}
{{- end }}

{{/* The file of --sso-config. Each provider without a clientSecretFile gets the key of its name. */}}
{{- define "scim-operator.ssoConfig" -}}
{{- $folder := include "scim-operator.ssoFolder" . }}
{{- $config := deepCopy .Values.sso.config }}
{{- range $config.providers }}
{{- if not .clientSecretFile }}
{{- $_ := set . "clientSecretFile" (printf "%s/%s" $folder .name) }}
{{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* Names of the ClusterRoles that are default roles, as JSON. */}}
{{- define "scim-operator.defaultRoles" -}}
{{- $roles := .Values.sso.defaultRoles }}
{{- range .Values.sso.config.providers }}
{{- with .defaultRole }}
{{- $roles = append $roles . }}
{{- end }}
{{- end }}
{{- $roles | uniq | toJson }}
{{- end }}

{{/* The paths of the console and of sign-in. */}}
{{- define "scim-operator.consolePaths" -}}
{{- list "/console" "/oauth" "/logout" "/setup" | toJson }}
{{- end }}

{{- define "scim-operator.tlsSecret" -}}
{{- if .Values.tls.existingSecret }}
{{- .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.issuerRef.name }}
{{- include "scim-operator.fullname" . }}-tls
{{- end }}
{{- end }}

{{- define "scim-operator.isOnOpenShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}yes{{ end }}
{{- end }}

{{- define "scim-operator.checkUrl" -}}
{{- if not .Values.publicUrl }}
{{- fail "publicUrl is required: the URL at which identity providers reach the server, such as --set publicUrl=https://scim.example.com" }}
{{- end }}
{{- if not (regexMatch "^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#\\s]*)?$|^https?://\\[[0-9A-Fa-f:.]+\\](:[0-9]+)?(/[^?#\\s]*)?$" .Values.publicUrl) }}
{{- fail "publicUrl must be an http or https URL without user, query and fragment, such as https://scim.example.com" }}
{{- end }}
{{- end }}

{{- define "scim-operator.host" -}}
{{- include "scim-operator.checkUrl" . }}
{{- (urlParse .Values.publicUrl).hostname }}
{{- end }}

{{- define "scim-operator.servicePort" -}}
{{- if kindIs "invalid" .Values.service.port }}
{{- ternary 443 80 (ne (include "scim-operator.tlsSecret" .) "") }}
{{- else }}
{{- .Values.service.port }}
{{- end }}
{{- end }}

{{- define "scim-operator.claimName" -}}
{{- default (include "scim-operator.fullname" .) .Values.persistence.existingClaim }}
{{- end }}

{{/* Whether to render a monitoring object. Takes root, kind and name (the value that asks for it). */}}
{{- define "scim-operator.renders" -}}
{{- $mode := .root.Values.metrics.renderMode }}
{{- if or (eq $mode "alwaysRender") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind)) }}yes
{{- else if eq $mode "failIfMissing" }}
{{- fail (printf "%s is set, but the cluster has no CRD of %s: install the Prometheus Operator first, or set metrics.renderMode=skipIfMissing" .name .kind) }}
{{- end }}
{{- end }}

{{/* The operator's ServiceAccount as a list of subjects. */}}
{{- define "scim-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "scim-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
