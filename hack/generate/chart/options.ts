/** The options of the program as environment variables, with the values that they come from. */
import { OPTIONS } from '../../../src/config/options.ts';
import { define, headerOf } from './template.ts';

type Key = keyof typeof OPTIONS;

/** Where the chart mounts the volume, and the Secret with the URL of a database. */
const SQLITE_URL = 'file:/var/lib/scim-operator/directory.db';
const URL_FILE = '/etc/scim-operator/database/url';

/** Option → expression of its value; as a float, helm would print a large number with an exponent. */
const VALUES: readonly (readonly [Key, string])[] = [
  ['publicUrl', '.Values.publicUrl'],
  ['logLevel', '.Values.logLevel'],
  ['rateLimit', 'int64 .Values.rateLimit'],
  ['maxUnauthenticatedConnections', 'int64 .Values.maxUnauthenticatedConnections'],
  ['deprovisionDelayMs', '.Values.deprovisionDelay'],
  ['activityRetentionMs', '.Values.activity.retention'],
  ['activityLog', '.Values.activity.log'],
  ['port', OPTIONS.port.fallback],
  ['opsPort', OPTIONS.opsPort.fallback],
];
const OF_DATABASE: typeof VALUES = [
  ['databaseUrlFile', `"${URL_FILE}"`],
  ['databaseConnections', 'int64 .Values.database.connections'],
];
const OF_TLS: typeof VALUES = [
  ['tlsCert', '"/tls/tls.crt"'],
  ['tlsKey', '"/tls/tls.key"'],
];
const OF_GROUPS: typeof VALUES = [['groupBindings', 'true']];
const OF_NAMES: typeof VALUES = [
  ['usernamePrefix', '.Values.groupBindings.usernamePrefix'],
  ['usernameFrom', '.Values.groupBindings.usernameFrom'],
  ['usernameCase', '.Values.groupBindings.usernameCase'],
  ['console', '.Values.console.enabled'],
];
const OF_CONSOLE: typeof VALUES = [
  ['sessionIdleMs', '.Values.console.session.idle'],
  ['sessionLifetimeMs', '.Values.console.session.lifetime'],
];
const SSO_FOLDER = '/etc/scim-operator/sso';

/** `_options.tpl`. */
export function optionsTemplate(): string {
  const body = [
    lines(VALUES),
    '{{- if include "scim-operator.usesDatabase" . }}\n',
    lines(OF_DATABASE),
    '{{- else }}\n',
    lines([['databaseUrl', `"${SQLITE_URL}"`]]),
    '{{- end }}\n',
    '{{- with .Values.watchNamespaces }}\n',
    lines([['watchNamespaces', 'join "," .']]),
    '{{- end }}\n',
    '{{- if .Values.groupBindings.enabled }}\n',
    lines(OF_GROUPS),
    '{{- end }}\n',
    lines(OF_NAMES),
    '{{- if .Values.console.enabled }}\n',
    lines(OF_CONSOLE),
    '{{- if include "scim-operator.usesSso" . }}\n',
    lines([
      [
        'ssoConfig',
        'printf "%s/%s" (include "scim-operator.ssoFolder" .) (include "scim-operator.ssoFile" .)',
      ],
    ]),
    '{{- end }}\n',
    '{{- end }}\n',
    '{{- if include "scim-operator.tlsSecret" . }}\n',
    lines(OF_TLS),
    '{{- end }}\n',
  ].join('');
  return [
    headerOf('src/config/options.ts'),
    define('options', body),
    define('ssoFolder', SSO_FOLDER),
    define('port', OPTIONS.port.fallback),
    define('opsPort', OPTIONS.opsPort.fallback),
    define('variable.identity', OPTIONS.leaderElectionIdentity.variable),
    define('variable.namespace', OPTIONS.leaderElectionNamespace.variable),
  ].join('\n');
}

const lines = (options: typeof VALUES): string =>
  options.map(([key, value]) => `${OPTIONS[key].variable}: {{ ${value} | quote }}\n`).join('');
