{{/*
A Deployment. Takes root, component (server or operator), command, name, serviceAccountName,
reconciles (whether the pods use the Kubernetes API), replicas (nil: left to an autoscaler),
isReplicated and resources.
*/}}
{{- define "scim-operator.deployment" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $database := include "scim-operator.usesDatabase" $root }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "scim-operator.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with $values.deploymentAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    {{- if $database }}
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
    {{- else }}
    # The new pod could neither mount the volume nor open the file before the old one has ended.
    type: Recreate
    {{- end }}
  selector:
    matchLabels:
      {{- include "scim-operator.selectorLabels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "scim-operator.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: scim-operator
        checksum/config: {{ include "scim-operator.options" $root | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "scim-operator.podSpec" . | nindent 6 }}
{{- end }}

{{- define "scim-operator.podSpec" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
{{- $database := include "scim-operator.usesDatabase" $root }}
{{- $tlsSecret := include "scim-operator.tlsSecret" $root }}
{{- $console := and .reconciles $values.console.enabled }}
{{- $serves := or (eq .component "server") $console }}
{{- $sso := and .reconciles (include "scim-operator.usesSso" $root) }}
serviceAccountName: {{ .serviceAccountName }}
automountServiceAccountToken: {{ .reconciles }}
# Variables of Services would look like options.
enableServiceLinks: false
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- $context := $values.podSecurityContext }}
  {{- if include "scim-operator.isOnOpenShift" $root }}
  {{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}
  {{- end }}
  {{- toYaml $context | nindent 2 }}
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with $values.initContainers }}
initContainers:
  {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
containers:
  - name: scim-operator
    image: {{ include "scim-operator.image" $root | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args:
      - {{ .command }}
      {{- range $values.extraArgs }}
      - {{ . | quote }}
      {{- end }}
    envFrom:
      - configMapRef:
          name: {{ include "scim-operator.fullname" $root }}
      {{- with $values.extraEnvFrom }}
      {{- tpl (toYaml .) $root | nindent 6 }}
      {{- end }}
    {{- if or .reconciles $values.extraEnv }}
    env:
      {{- if .reconciles }}
      - name: {{ include "scim-operator.variable.identity" $root }}
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      - name: {{ include "scim-operator.variable.namespace" $root }}
        valueFrom:
          fieldRef:
            fieldPath: metadata.namespace
      {{- end }}
      {{- with $values.extraEnv }}
      {{- tpl (toYaml .) $root | nindent 6 }}
      {{- end }}
    {{- end }}
    ports:
      {{- if $serves }}
      - name: scim
        containerPort: {{ include "scim-operator.port" $root }}
      {{- end }}
      - name: metrics
        containerPort: {{ include "scim-operator.opsPort" $root }}
    {{- $scheme := ternary "HTTPS" "HTTP" (ne $tlsSecret "") }}
    startupProbe:
      httpGet:
        path: /livez
        port: metrics
        scheme: {{ $scheme }}
      {{- toYaml $values.startupProbe | nindent 6 }}
    livenessProbe:
      httpGet:
        path: /livez
        port: metrics
        scheme: {{ $scheme }}
      {{- toYaml $values.livenessProbe | nindent 6 }}
    readinessProbe:
      httpGet:
        path: /readyz
        port: metrics
        scheme: {{ $scheme }}
      {{- toYaml $values.readinessProbe | nindent 6 }}
    {{- if and $serves $database }}
    lifecycle:
      preStop:
        # Until every node has learnt that the pod gets no more requests; it serves meanwhile.
        sleep:
          seconds: 5
    {{- end }}
    resources:
      {{- toYaml .resources | nindent 6 }}
    securityContext:
      {{- toYaml $values.securityContext | nindent 6 }}
    volumeMounts:
      {{- if $database }}
      - name: database
        mountPath: /etc/scim-operator/database
        readOnly: true
      {{- else }}
      - name: directory
        mountPath: /var/lib/scim-operator
      # SQLite sorts large results in files.
      - name: tmp
        mountPath: /tmp
      {{- end }}
      {{- if $tlsSecret }}
      - name: tls
        mountPath: /tls
        readOnly: true
      {{- end }}
      {{- if $sso }}
      - name: sso
        mountPath: {{ include "scim-operator.ssoFolder" $root }}
        readOnly: true
      {{- end }}
      {{- with $values.extraVolumeMounts }}
      {{- tpl (toYaml .) $root | nindent 6 }}
      {{- end }}
  {{- with $values.extraContainers }}
  {{- tpl (toYaml .) $root | nindent 2 }}
  {{- end }}
volumes:
  {{- if $database }}
  - name: database
    secret:
      secretName: {{ $values.database.existingSecret.name | quote }}
      # 0440: the group is fsGroup.
      defaultMode: 288
      items:
        - key: {{ $values.database.existingSecret.key | quote }}
          path: url
  {{- else }}
  - name: directory
    {{- if include "scim-operator.usesClaim" $root }}
    persistentVolumeClaim:
      claimName: {{ include "scim-operator.claimName" $root }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  - name: tmp
    emptyDir: {}
  {{- end }}
  {{- if $tlsSecret }}
  - name: tls
    secret:
      secretName: {{ $tlsSecret | quote }}
      # 0440
      defaultMode: 288
  {{- end }}
  {{- if $sso }}
  - name: sso
    projected:
      # 0440
      defaultMode: 288
      sources:
        {{- if $values.sso.existingSecret.name }}
        - secret:
            name: {{ $values.sso.existingSecret.name | quote }}
        {{- else }}
        - configMap:
            name: {{ include "scim-operator.fullname" $root }}-sso
        {{- end }}
        {{- with $values.sso.clientSecrets }}
        - secret:
            name: {{ . | quote }}
        {{- end }}
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- tpl (toYaml .) $root | nindent 2 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
{{- if $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- tpl (toYaml $values.topologySpreadConstraints) $root | nindent 2 }}
{{- else if .isReplicated }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "scim-operator.selectorLabels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with $values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
