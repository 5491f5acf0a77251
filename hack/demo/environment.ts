/** The options of the demo, and those that it passes to the operator. */
import { createServer } from 'node:net';

const CONTROL_PLANES = ['auto', 'build', 'download', 'kind'] as const;
export type ControlPlaneChoice = (typeof CONTROL_PLANES)[number];

export interface DemoOptions {
  readonly sync: boolean;
  /** Start an identity provider, so that users can sign in. */
  readonly signIn: boolean;
  readonly currentCluster: boolean;
  readonly controlPlane: ControlPlaneChoice;
  /** As given. The operator refuses an invalid port. */
  readonly port: string;
  readonly opsPort: string;
  readonly databaseUrl: string;
  readonly publicUrl: string;
}

/** PORT and DATABASE_URL are short for the operator's variables, which also work. */
export async function readOptions(
  defaultDatabaseUrl: string,
  say: (line: string) => void,
): Promise<DemoOptions> {
  const { env } = process;
  const sync = oneOf('SYNC', ['on', 'off'], 'on') === 'on';
  // A configuration of the caller's own takes precedence.
  const signIn = oneOf('SSO', ['on', 'off'], 'on') === 'on' && !env.SCIM_OPERATOR_SSO_CONFIG;
  const currentCluster = oneOf('CLUSTER', ['own', 'current'], 'own') === 'current';
  const controlPlane = oneOf('CONTROL_PLANE', CONTROL_PLANES, 'auto');
  const inUse = (variable: string) => (preferred: number, port: number) =>
    say(
      `  Port ${preferred} is in use, so the demo uses ${port}; ${variable} chooses another one.`,
    );
  const port = await portOf(env.PORT || env.SCIM_OPERATOR_PORT, 8080, inUse('PORT'));
  const opsVariable = 'SCIM_OPERATOR_OPS_PORT';
  const opsPort = await portOf(env[opsVariable], 9090, inUse(opsVariable));
  return {
    sync,
    signIn,
    currentCluster,
    controlPlane,
    port,
    opsPort,
    databaseUrl: env.DATABASE_URL || env.SCIM_OPERATOR_DATABASE_URL || defaultDatabaseUrl,
    publicUrl: env.SCIM_OPERATOR_PUBLIC_URL || localUrl(port),
  };
}

/** If the port is invalid, the URL stays valid, so that the operator's error is about the port. */
function localUrl(port: string): string {
  const url = `http://127.0.0.1:${port}`;
  return URL.canParse(url) ? url : 'http://127.0.0.1';
}

function oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
  const value = process.env[name] || fallback;
  const known = allowed.find((each) => each === value);
  if (known !== undefined) return known;
  throw new Error(`${name}=${value} is not allowed; it must be ${allowed.join(' or ')}`);
}

/**
 * Returns the given port, but never 0, because the demo has to know the port. The default is
 * `preferred`, or a free port if that is taken.
 */
async function portOf(
  given: string | undefined,
  preferred: number,
  onInUse: (preferred: number, port: number) => void,
): Promise<string> {
  if (given !== undefined && given !== '' && given !== '0') return given;
  const bind = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        const { port: bound } = server.address() as { port: number };
        server.close(() => resolve(bound));
      });
    });
  const port = given === '0' ? await bind(0) : await bind(preferred).catch(() => bind(0));
  if (given !== '0' && port !== preferred) onInUse(preferred, port);
  return String(port);
}

/** The operator's environment: the caller's options, and the demo's defaults for the others. */
export function operatorEnvironment(
  options: DemoOptions,
  kubeconfig: string,
  ssoConfig: string | undefined,
): NodeJS.ProcessEnv {
  return {
    SCIM_OPERATOR_HOST: '127.0.0.1',
    SCIM_OPERATOR_GROUP_BINDINGS: 'true',
    // Only one operator runs at a time, so the next one can take over the Lease of a killed one.
    SCIM_OPERATOR_LEADER_ELECTION_IDENTITY: `demo-${process.pid}`,
    ...process.env,
    SCIM_OPERATOR_PORT: options.port,
    SCIM_OPERATOR_OPS_PORT: options.opsPort,
    SCIM_OPERATOR_DATABASE_URL: options.databaseUrl,
    SCIM_OPERATOR_PUBLIC_URL: options.publicUrl,
    SCIM_OPERATOR_KUBECONFIG: kubeconfig,
    ...(ssoConfig === undefined ? {} : { SCIM_OPERATOR_SSO_CONFIG: ssoConfig }),
  };
}

/** Returns lines for `source`, with every value quoted. */
export function shellExports(values: Readonly<Record<string, string>>): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}
