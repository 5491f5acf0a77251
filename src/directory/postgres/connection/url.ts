/**
 * The URL of a PostgreSQL server, as libpq reads it (PostgreSQL documentation §32.1.1.2). Unknown
 * parts are refused, and nothing is taken from PG… variables or from files in the home directory.
 */
import { userInfo } from 'node:os';
import { DatabaseRefusedError } from '../../database-errors.ts';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

export interface PostgresUrl {
  /** If it begins with a slash, the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  /** The schema of the directory's tables; undefined if the search path decides. */
  readonly schema: string | undefined;
  /** Command-line options of the session. */
  readonly options: string | undefined;
  readonly applicationName: string | undefined;
  /** Whether statements stay prepared behind a pooler as well. */
  readonly poolerPrepares: boolean;
  readonly tls: TlsOptions;
}

export interface TlsOptions {
  readonly mode: SslMode;
  /** Starts with the TLS handshake, which PostgreSQL 17 and newer understand. */
  readonly direct: boolean;
  /** The path of a file, or `system`. */
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly password: string | undefined;
}

const PARAMETERS = [
  'host',
  'port',
  'user',
  'password',
  'schema',
  'options',
  'application_name',
  'pooler_prepared_statements',
  'ssl',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
] as const;
type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

const NO_URL = 'it is not a URL of the form postgres://USER:PASSWORD@HOST/DATABASE';

/** Node.js accepts credentials only before a host; libpq also accepts them if `host=` names it. */
const NO_HOST = /^(postgres(?:ql)?:\/\/[^/?#@]*@)(?=\/)/i;

/** Throws DatabaseRefusedError, which says what is wrong without any part of a password. */
export function parsePostgresUrl(text: string): PostgresUrl {
  const withHost = text.replace(NO_HOST, '$1localhost');
  const url = URL.canParse(withHost) ? new URL(withHost) : undefined;
  if (url === undefined) throw new DatabaseRefusedError(NO_URL);
  if (url.hash !== '') throw new DatabaseRefusedError('a # in it must be written as %23');
  const parameters = parametersOf(url.search.slice(1));
  const host = parameters.host ?? decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  if (host.includes(',')) throw new DatabaseRefusedError('it names several hosts; name one');
  const database = decoded(url.pathname.slice(1));
  if (database === '') throw new DatabaseRefusedError('it names no database');
  return {
    host: host || 'localhost',
    port: portOf(parameters.port ?? url.port),
    database,
    user: parameters.user || decoded(url.username) || userInfo().username,
    password: parameters.password || decoded(url.password) || undefined,
    schema: parameters.schema || undefined,
    options: parameters.options || undefined,
    applicationName: parameters.application_name || undefined,
    poolerPrepares: oneOf('pooler_prepared_statements', ['true', 'false'], parameters) === 'true',
    tls: tlsOf(parameters, host.startsWith('/')),
  };
}

/** Unlike in a form, + stands for itself. */
function parametersOf(query: string): Parameters {
  const pairs = query.split('&').filter((pair) => pair !== '');
  const entries = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0) throw new DatabaseRefusedError('its query has a parameter without a value');
    return [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))] as const;
  });
  const names: readonly string[] = PARAMETERS;
  const unknown = entries.find(([name]) => !names.includes(name))?.[0];
  if (unknown === undefined) return Object.fromEntries(entries);
  // If a password contains an unescaped &, the name may be the rest of the password.
  const hidden = entries.some(([name]) => /password/.test(name)) || !/^\w{1,40}$/.test(unknown);
  const shown = hidden ? 'a parameter of its query' : `the parameter ${unknown}`;
  throw new DatabaseRefusedError(`${shown} is unknown; allowed are ${PARAMETERS.join(', ')}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseRefusedError('a % in it must be written as %25');
  }
}

function portOf(text: string): number {
  if (text === '') return 5432;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new DatabaseRefusedError('its port is not a number from 1 to 65535');
  return port;
}

function tlsOf(parameters: Parameters, isSocket: boolean): TlsOptions {
  const { sslrootcert: rootCert, sslcert: cert, sslkey: key, sslpassword: password } = parameters;
  const direct = oneOf('sslnegotiation', ['postgres', 'direct'], parameters) === 'direct';
  const mode = modeOf(parameters);
  const refuse = (reason: string) => {
    throw new DatabaseRefusedError(reason);
  };
  if (rootCert === 'system' && mode !== 'verify-full') {
    refuse(`sslmode=${mode} is too weak for sslrootcert=system; it must be verify-full`);
  }
  if (mode === 'verify-ca' && rootCert === undefined) {
    refuse('sslmode=verify-ca needs sslrootcert, the file with the certificate of the CA');
  }
  if ((cert === undefined) !== (key === undefined))
    refuse('sslcert and sslkey must be set together');
  if (direct && !/^(require|verify)/.test(mode)) {
    refuse(`sslnegotiation=direct needs sslmode=require or more, not ${mode}`);
  }
  // libpq ignores the mode for a Unix socket.
  return { mode: isSocket ? 'disable' : mode, direct, rootCert, cert, key, password };
}

function modeOf(parameters: Parameters): SslMode {
  const stated = oneOf('sslmode', SSL_MODES, parameters);
  if (stated !== undefined) return stated;
  // libpq accepts it for the sake of JDBC URLs.
  if (oneOf('ssl', ['true'], parameters) !== undefined) return 'require';
  return parameters.sslrootcert === 'system' ? 'verify-full' : 'prefer';
}

function oneOf<T extends string>(
  name: keyof Parameters,
  allowed: readonly T[],
  parameters: Parameters,
): T | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  const known = allowed.find((each) => each === value);
  if (known !== undefined) return known;
  const shown = /^[\w-]{1,20}$/.test(value) ? `${name}=${value}` : `the value of ${name}`;
  const choice = allowed.length === 1 ? allowed[0] : `one of ${allowed.join(', ')}`;
  throw new DatabaseRefusedError(`${shown} is not allowed; it must be ${choice}`);
}
