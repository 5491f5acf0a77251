/** Options from flags and environment: one table gives names, defaults, validation and `--help`. Only this file reads the environment. */
import packageJson from '../../package.json' with { type: 'json' };
import { isPostgres, readDatabaseUrl } from '../directory/database-url.ts';
import { LOG_LEVELS, type LogLevel } from '../logger.ts';
import { IDPS, type Idp } from '../probe/sequences.ts';
import { formatHelp } from './help.ts';
import { ConfigError, environmentValue, resolveOptions, shownValue } from './resolve.ts';
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

export interface Config {
  readonly publicUrl: string;
  readonly databaseUrl: string;
  readonly databaseConnections: number;
  /** What `databaseUrl` was read from, and is read from again. */
  readonly databaseUrlFile: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly opsPort: number;
  readonly rateLimit: number;
  readonly maxUnauthenticatedConnections: number;
  readonly deprovisionDelayMs: number;
  /** Undefined: all. */
  readonly watchNamespaces: readonly string[] | undefined;
  readonly groupBindings: boolean;
  readonly usernamePrefix: string;
  readonly leaderElection: boolean;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly leaderElectionNamespace: string | undefined;
  readonly leaderElectionIdentity: string | undefined;
  readonly kubeconfig: string | undefined;
  /** Of the process: for kubeconfigs, their plugins and proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logLevel: LogLevel;
}

const OPTIONS = {
  publicUrl: httpUrl(
    'public-url',
    'Base URL under which identity providers reach the server; the HOST of every endpoint. Required by run, operator and server.',
  ),
  databaseUrl: databaseUrl(
    'database-url',
    'The directory: a SQLite file, as file:PATH, or PostgreSQL 14 or newer, as postgres://USER:PASSWORD@HOST/DATABASE.',
    'file:scim-operator.db',
  ),
  databaseConnections: integer(
    'database-connections',
    'Connections to PostgreSQL that one process holds at most, and one more while the database does not answer.',
    '10',
    1,
    1_000,
  ),
  databaseUrlFile: text(
    'database-url-file',
    'A file that holds what --database-url would say. It is read again for each new connection, so that a password may be rotated.',
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
    'SCIM requests a second that one integration may send, operations of a Bulk each; 0 switches the limit off.',
    '1000',
    0,
    1_000_000,
  ),
  maxUnauthenticatedConnections: integer(
    'max-unauthenticated-connections',
    'Connections that may be open on which no request with a valid token came; above that a new one takes the place of the oldest.',
    '1000',
    1,
    1_000_000,
  ),
  deprovisionDelayMs: duration(
    'deprovision-delay',
    'How long after an integration with deletionPolicy Delete is gone its users and groups go, as a Go duration.',
    '10m',
  ),
  watchNamespaces: names(
    'watch-namespaces',
    'Namespaces that the operator looks after, separated by commas; without it all. They need not exist yet.',
  ),
  groupBindings: toggle(
    'group-bindings',
    'Follows ScimGroupBindings: gives the members of SCIM groups roles. Takes permissions of its own, and the admission policy in policies/.',
    'false',
  ),
  usernamePrefix: usernamePrefix(
    'username-prefix',
    "What comes before a userName to be a Kubernetes user: the same as the API server's --oidc-username-prefix; - for none.",
    'scim:',
  ),
  leaderElection: toggle(
    'leader-election',
    'Reconciles only while holding the Lease scim-operator, so that of several operators one works. Serving needs no Lease.',
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
    "Namespace of the Lease; without it the pod's own, or that of the kubeconfig's context, or default.",
  ),
  leaderElectionIdentity: text(
    'leader-election-identity',
    'A name that no other process has at the same time, such as that of the pod: after a crash the next process of the name need not wait for the Lease of the one before.',
  ),
  kubeconfig: text(
    'kubeconfig',
    "Kubeconfig file; without it those of $KUBECONFIG, or ~/.kube/config, or the pod's service account.",
  ),
  logLevel: choice('log-level', 'What is logged.', LOG_LEVELS, 'info'),
} satisfies { [K in Exclude<keyof Config, 'environment'>]: Option<unknown> };

export interface ProbeConfig {
  readonly idp: Idp;
  readonly url: string;
  readonly token: string;
  readonly json: boolean;
}

const PROBE_OPTIONS = {
  idp: choice('idp', `Whose requests are played: ${IDPS.join(', ')}.`, IDPS),
  url: httpUrl(
    'url',
    'The SCIM endpoint, as in status.endpoint of a ScimIntegration; any other SCIM 2.0 server will do.',
  ),
  token: secret(
    'token',
    'Its bearer token. Better in the variable: a command line is seen by everybody on the machine (ps) and kept in histories.',
  ),
  json: toggle('json', 'Prints the report as one JSON document.'),
} satisfies { [K in keyof ProbeConfig]: Option<unknown> };

export const COMMANDS = {
  run: 'Runs the operator and the SCIM server in one process (the default).',
  operator: 'Runs the operator alone; needs PostgreSQL.',
  server: 'Runs the SCIM server alone, as one of any number; needs PostgreSQL.',
  migrate: 'Creates or upgrades the database, then ends.',
  crds: 'Prints the custom resource definitions as YAML.',
  probe: 'Plays an identity provider against an endpoint, reports, and cleans up.',
} as const;
export type Command = keyof typeof COMMANDS;

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version'; readonly text: string }
  | { readonly kind: 'probe'; readonly config: ProbeConfig }
  | {
      readonly kind: 'command';
      readonly command: Exclude<Command, 'probe'>;
      readonly config: Config;
    };

/**
 * Reads the command line, then the environment (`--public-url` is also `SCIM_OPERATOR_PUBLIC_URL`), then
 * the defaults. Throws ConfigError.
 */
export function readInvocation(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Invocation {
  const { command, flags, help, version } = parseArguments(args);
  if (version) return { kind: 'version', text: `scim-operator ${packageJson.version}\n` };
  if (help) {
    const text = formatHelp(COMMANDS, Object.values(OPTIONS), Object.values(PROBE_OPTIONS));
    return { kind: 'help', text };
  }
  checkFlags(command, flags);
  if (command === 'probe') return { kind: 'probe', config: probeConfig(flags, environment) };
  const values = resolveOptions(OPTIONS, flags, environment);
  const file = values.databaseUrlFile;
  if (file !== undefined) values.databaseUrl = databaseUrlOf(String(file), flags, environment);
  const serves = command === 'run' || command === 'operator' || command === 'server';
  if (serves && values.publicUrl === undefined) {
    throw new ConfigError(
      '--public-url (SCIM_OPERATOR_PUBLIC_URL) is required: the URL under which identity providers reach this server, such as https://scim.example.com',
    );
  }
  if ((command === 'operator' || command === 'server') && !isPostgres(String(values.databaseUrl))) {
    throw new ConfigError(
      `--database-url (SCIM_OPERATOR_DATABASE_URL) must be postgres://… for ${command}, not ${shownValue(String(values.databaseUrl))}: a SQLite file belongs to one process, which is what run is for`,
    );
  }
  checkElectionTimes(values);
  values.publicUrl ??= '';
  const config = { ...values, environment } as unknown as Config;
  return { kind: 'command', command, config };
}

/** Of the file. Throws ConfigError, which shows nothing of what the file holds. */
function databaseUrlOf(
  path: string,
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): string {
  const { databaseUrl: option, databaseUrlFile: ofFile } = OPTIONS;
  const name = `--${ofFile.flag} (${ofFile.variable})`;
  if (flags.has(option.flag) || environmentValue(option, environment) !== undefined) {
    throw new ConfigError(`${name} and --${option.flag} (${option.variable}) exclude each other`);
  }
  let content: string;
  try {
    content = readDatabaseUrl(path);
  } catch (error) {
    throw new ConfigError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = option.parse(content);
  if (parsed.ok) return parsed.value;
  throw new ConfigError(
    `${name}: in ${path} ${parsed.reason ?? `there must be ${option.allowed}`}`,
  );
}

/** A leader gives up before others take over, and tries more than once before that. */
function checkElectionTimes(values: Partial<Record<keyof Config, unknown>>): void {
  const ascending = ['retryPeriodMs', 'renewDeadlineMs', 'leaseDurationMs'] as const;
  let [least, below] = [1_000, 'at least 1s'];
  for (const key of ascending) {
    const { flag, variable } = OPTIONS[key];
    const value = Number(values[key]);
    if (value < least) {
      throw new ConfigError(
        `--${flag} (${variable}): ${value / 1000}s is not allowed; it must be ${below}`,
      );
    }
    [least, below] = [value + 1, `longer than --${flag}, which is ${value / 1000}s`];
  }
}

function probeConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): ProbeConfig {
  const values = resolveOptions(PROBE_OPTIONS, flags, environment);
  for (const key of ['idp', 'url', 'token'] as const) {
    const { flag, variable, allowed } = PROBE_OPTIONS[key];
    if (values[key] === undefined) {
      throw new ConfigError(`--${flag} (${variable}) is required by probe: ${allowed}`);
    }
  }
  values.json ??= false;
  return values as unknown as ProbeConfig;
}

function checkFlags(command: Command, flags: ReadonlyMap<string, string>): void {
  const known = Object.values<Option<unknown>>(command === 'probe' ? PROBE_OPTIONS : OPTIONS);
  for (const name of flags.keys()) {
    if (known.some(({ flag }) => flag === name)) continue;
    throw new ConfigError(`--${name} is not an option of ${command}; see --help`);
  }
}

interface ParsedArguments {
  readonly command: Command;
  readonly flags: ReadonlyMap<string, string>;
  readonly help: boolean;
  readonly version: boolean;
}

function parseArguments(args: readonly string[]): ParsedArguments {
  const flags = new Map<string, string>();
  const words: string[] = [];
  let help = false;
  let version = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '--help' || argument === '-h') {
      help = true;
    } else if (argument === '--version') {
      version = true;
    } else if (argument.startsWith('--')) {
      const [name, inline] = splitFlag(argument);
      const value = inline ?? (isToggle(name) ? 'true' : args[++index]);
      if (value === undefined) throw new ConfigError(`--${name} needs a value; see --help`);
      flags.set(name, value);
    } else {
      words.push(argument);
    }
  }
  return { command: commandOf(words), flags, help, version };
}

const ALL_OPTIONS: readonly Option<unknown>[] = [
  ...Object.values(OPTIONS),
  ...Object.values(PROBE_OPTIONS),
];

function isToggle(name: string): boolean {
  return ALL_OPTIONS.some(({ flag, toggle }) => flag === name && toggle === true);
}

function splitFlag(argument: string): [name: string, inline: string | undefined] {
  const equals = argument.indexOf('=');
  const name = argument.slice(2, equals < 0 ? undefined : equals);
  if (!ALL_OPTIONS.some((option) => option.flag === name)) {
    const shown = /^[\w-]{1,40}$/.test(name) ? `--${name}` : 'an argument';
    throw new ConfigError(`${shown} is not an option; see --help`);
  }
  return [name, equals < 0 ? undefined : argument.slice(equals + 1)];
}

function commandOf(words: readonly string[]): Command {
  const [word = 'run', extra] = words;
  if (extra !== undefined)
    throw new ConfigError(`${shownValue(extra)} is one argument too many; see --help`);
  if (!Object.hasOwn(COMMANDS, word)) {
    throw new ConfigError(
      `${shownValue(word)} is not a command; allowed are ${Object.keys(COMMANDS).join(', ')}`,
    );
  }
  return word as Command;
}
