/** The options. One table gives their names, defaults, validation and `--help`, and the type of Config. */
import { LOG_LEVELS } from '../logger.ts';
import { IDPS } from '../probe/sequences.ts';
import type { ValuesOf } from './resolve.ts';
import {
  choice,
  databaseUrl,
  duration,
  httpUrl,
  integer,
  names,
  type Option,
  secret,
  text,
  toggle,
  usernamePrefix,
} from './values.ts';

export const OPTIONS = {
  publicUrl: httpUrl(
    'public-url',
    'Base URL under which identity providers reach the server; the HOST of every endpoint. ' +
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
    'Connections to PostgreSQL that one process holds at most, and one more while the ' +
      'database does not answer.',
    '10',
    1,
    1_000,
  ),
  /** What `databaseUrl` was read from, and is read from again. */
  databaseUrlFile: text(
    'database-url-file',
    'A file that holds what --database-url would say. It is read again for each new ' +
      'connection, so that a password may be rotated.',
    undefined,
  ),
  host: text('host', 'Address to listen on.', '::'),
  port: integer('port', 'Port of SCIM; 0 takes a free one.', '8080', 0, 65_535),
  opsPort: integer(
    'ops-port',
    'Port of /metrics, /livez and /readyz; 0 takes a free one.',
    '9090',
    0,
    65_535,
  ),
  rateLimit: integer(
    'rate-limit',
    'SCIM requests a second that one integration may send, operations of a Bulk each; 0 ' +
      'switches the limit off.',
    '1000',
    0,
    1_000_000,
  ),
  maxUnauthenticatedConnections: integer(
    'max-unauthenticated-connections',
    'Connections that may be open on which no request with a valid token came; above that a ' +
      'new one takes the place of the oldest.',
    '1000',
    1,
    1_000_000,
  ),
  deprovisionDelayMs: duration(
    'deprovision-delay',
    'How long after an integration with deletionPolicy Delete is gone its users and groups ' +
      'go, as a Go duration.',
    '10m',
  ),
  /** Undefined: all. */
  watchNamespaces: names(
    'watch-namespaces',
    'Namespaces that the operator looks after, separated by commas; without it all. They need ' +
      'not exist yet.',
  ),
  groupBindings: toggle(
    'group-bindings',
    'Follows ScimGroupBindings: gives the members of SCIM groups roles. Takes permissions of ' +
      'its own, and the admission policy in policies/.',
    'false',
  ),
  usernamePrefix: usernamePrefix(
    'username-prefix',
    "What comes before a userName to be a Kubernetes user: the same as the API server's " +
      '--oidc-username-prefix; - for none.',
    'scim:',
  ),
  leaderElection: toggle(
    'leader-election',
    'Reconciles only while holding the Lease scim-operator, so that of several operators one ' +
      'works. Serving needs no Lease.',
    'true',
  ),
  leaseDurationMs: duration(
    'leader-election-lease-duration',
    'How long others leave a Lease alone that is not renewed any more.',
    '15s',
  ),
  renewDeadlineMs: duration(
    'leader-election-renew-deadline',
    'A leader that could not renew for so long stops reconciling; shorter than the lease duration.',
    '10s',
  ),
  retryPeriodMs: duration(
    'leader-election-retry-period',
    'How often the Lease is renewed, or looked at; shorter than the renew deadline.',
    '2s',
  ),
  leaderElectionNamespace: text(
    'leader-election-namespace',
    "Namespace of the Lease; without it the pod's own, or that of the kubeconfig's context, " +
      'or default.',
    undefined,
  ),
  leaderElectionIdentity: text(
    'leader-election-identity',
    'A name that no other process has at the same time, such as that of the pod: after a ' +
      'crash the next process of the name need not wait for the Lease of the one before.',
    undefined,
  ),
  kubeconfig: text(
    'kubeconfig',
    "Kubeconfig file; without it those of $KUBECONFIG, or ~/.kube/config, or the pod's " +
      'service account.',
    undefined,
  ),
  logLevel: choice('log-level', 'What is logged.', LOG_LEVELS, 'info'),
} satisfies Readonly<Record<string, Option<unknown>>>;

export type OptionValues = ValuesOf<typeof OPTIONS>;

export interface Config extends OptionValues {
  /** Empty for the commands that serve nobody. */
  readonly publicUrl: string;
  /** Of the process: for kubeconfigs, their plugins and proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const PROBE_OPTIONS = {
  idp: choice('idp', `Whose requests are played: ${IDPS.join(', ')}.`, IDPS, undefined),
  url: httpUrl(
    'url',
    'The SCIM endpoint, as in status.endpoint of a ScimIntegration; any other SCIM 2.0 server ' +
      'will do.',
  ),
  token: secret(
    'token',
    'Its bearer token. Better in the variable: a command line is seen by everybody on the ' +
      'machine (ps) and kept in histories.',
  ),
  json: toggle('json', 'Prints the report as one JSON document.', undefined),
} satisfies Readonly<Record<string, Option<unknown>>>;

type ProbeValues = ValuesOf<typeof PROBE_OPTIONS>;

/** With a value for each option. */
export type ProbeConfig = { readonly [K in keyof ProbeValues]: NonNullable<ProbeValues[K]> };

export const ALL_OPTIONS: readonly Option<unknown>[] = [
  ...Object.values(OPTIONS),
  ...Object.values(PROBE_OPTIONS),
];
