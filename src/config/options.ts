/**
 * The options of the processes that keep running. One table gives their names, defaults and
 * validation, the text of `--help`, and the type of Config. Those of single commands are in
 * command-options.ts.
 */
import { NAME_CASES, NAME_SOURCES } from '../directory/kubernetes-names.ts';
import { LOG_LEVELS } from '../logger.ts';
import type { ValuesOf } from './resolve.ts';
import {
  choice,
  databaseUrl,
  duration,
  httpUrl,
  integer,
  names,
  type Option,
  text,
  toggle,
  usernamePrefix,
} from './values.ts';

export const OPTIONS = {
  publicUrl: httpUrl(
    'public-url',
    'Base URL at which identity providers reach the server; it begins every endpoint. ' +
      'Required by run, operator and server.',
  ),
  databaseUrl: databaseUrl(
    'database-url',
    'The directory: a SQLite file, as file:PATH, or PostgreSQL 14 or newer, as ' +
      'postgres://USER:PASSWORD@HOST/DATABASE.',
    'file:scim-operator.db',
  ),
  databaseConnections: integer(
    'database-connections',
    'Maximum number of connections to PostgreSQL per process, plus one while the database ' +
      'does not respond.',
    '10',
    1,
    1_000,
  ),
  /** The file from which `databaseUrl` was read, and is read again for each new connection. */
  databaseUrlFile: text(
    'database-url-file',
    'File that contains the value of --database-url. It is read again for each new ' +
      'connection, so that a password can be rotated.',
    undefined,
  ),
  host: text('host', 'Address to listen on.', '::'),
  port: integer('port', 'Port for SCIM; 0 picks a free one.', '8080', 0, 65_535),
  opsPort: integer(
    'ops-port',
    'Port for /metrics, /livez and /readyz; 0 picks a free one.',
    '9090',
    0,
    65_535,
  ),
  tlsCert: text(
    'tls-cert',
    'PEM file with the certificate chain that both ports serve; plain HTTP if unset. A ' +
      'replaced file is used within seconds.',
    undefined,
  ),
  tlsKey: text('tls-key', 'PEM file with the private key of --tls-cert.', undefined),
  rateLimit: integer(
    'rate-limit',
    'SCIM requests per second that one integration may send, counting each operation of a ' +
      'Bulk; 0 disables the limit.',
    '1000',
    0,
    1_000_000,
  ),
  maxUnauthenticatedConnections: integer(
    'max-unauthenticated-connections',
    'Maximum number of open connections on which no request with a valid token has ' +
      'arrived; beyond it, a new connection replaces the oldest idle one.',
    '1000',
    1,
    1_000_000,
  ),
  deprovisionDelayMs: duration(
    'deprovision-delay',
    'Time between the end of an integration with deletionPolicy Delete and the removal of ' +
      'its users and groups, as a Go duration.',
    '10m',
  ),
  activityRetentionMs: duration(
    'activity-retention',
    'How long the activity log is kept, as a Go duration; with 0s, nothing is recorded.',
    '720h',
  ),
  activityLog: toggle(
    'activity-log',
    'Also writes each entry of the activity log as a JSON line to standard output, whatever the ' +
      'log level. Contains personal data.',
    'false',
  ),
  /** Undefined means all. */
  watchNamespaces: names(
    'watch-namespaces',
    'Namespaces that the operator manages, separated by commas; all if unset. They need ' +
      'not exist yet.',
  ),
  groupBindings: toggle(
    'group-bindings',
    'Reconciles ScimGroupBindings, which grant roles to the members of SCIM groups. ' +
      'Requires additional permissions, and the admission policy in policies/.',
    'false',
  ),
  usernamePrefix: usernamePrefix(
    'username-prefix',
    'Prefix of the names of Kubernetes users, and of groups at sign-in; must equal the API ' +
      "server's --oidc-username-prefix. {tenant} in it stands for the tenant. Use - for none.",
    'scim:',
  ),
  usernameFrom: choice(
    'username-from',
    'Attribute that the rest of the name is taken from: what the API server takes it from, by ' +
      '--oidc-username-claim. email is the primary address, or else the one for work, or else ' +
      'the only one.',
    NAME_SOURCES,
    'userName',
  ),
  usernameCase: choice(
    'username-case',
    'Whether that attribute is used as provisioned or in lower case.',
    NAME_CASES,
    'preserve',
  ),
  console: toggle(
    'console',
    'Serves sign-in and the console on --port. Only run and operator do, because the console ' +
      'needs the Kubernetes API, and only if --public-url has no path.',
    'true',
  ),
  ssoConfig: text(
    'sso-config',
    'YAML file with the identity providers at which users sign in. It is read again when it ' +
      'changes. Without it, only holders of a Kubernetes token can sign in.',
    undefined,
  ),
  sessionIdleMs: duration(
    'session-idle',
    'Time without a request after which a session ends, as a Go duration.',
    '1h',
    '1m',
  ),
  sessionLifetimeMs: duration(
    'session-lifetime',
    'Time after which a session ends in any case, as a Go duration.',
    '12h',
    '1m',
  ),
  leaderElection: toggle(
    'leader-election',
    'Reconciles only while holding the Lease scim-operator, so that only one of several ' +
      'operators does. Serving SCIM needs no Lease.',
    'true',
  ),
  leaseDurationMs: duration(
    'leader-election-lease-duration',
    'How long other operators wait before they take a Lease that is no longer renewed.',
    '15s',
  ),
  renewDeadlineMs: duration(
    'leader-election-renew-deadline',
    'A leader that could not renew the Lease for this long stops reconciling; must be ' +
      'shorter than the lease duration.',
    '10s',
  ),
  retryPeriodMs: duration(
    'leader-election-retry-period',
    'Interval at which the Lease is renewed or checked; must be shorter than the renew deadline.',
    '2s',
  ),
  leaderElectionNamespace: text(
    'leader-election-namespace',
    'Namespace of the Lease. Defaults to the namespace of the pod, or that of the ' +
      "kubeconfig's context, or default.",
    undefined,
  ),
  leaderElectionIdentity: text(
    'leader-election-identity',
    'Name that no other process has at the same time, such as the name of the pod: after ' +
      'a crash, the next process of that name need not wait for the previous Lease to ' +
      'expire.',
    undefined,
  ),
  kubeconfig: text(
    'kubeconfig',
    'Kubeconfig file. Defaults to the files in $KUBECONFIG, or ~/.kube/config, or the ' +
      'service account of the pod.',
    undefined,
  ),
  logLevel: choice(
    'log-level',
    `Minimum level of log messages: ${LOG_LEVELS.join(', ')}.`,
    LOG_LEVELS,
    'info',
  ),
} satisfies Readonly<Record<string, Option<unknown>>>;

export type OptionValues = ValuesOf<typeof OPTIONS>;

export interface Config extends OptionValues {
  /** Empty for the commands that don't serve SCIM. */
  readonly publicUrl: string;
  /** The environment of the process, for kubeconfigs, their plugins and proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}
