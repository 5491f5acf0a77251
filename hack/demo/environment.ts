/** The options of the demo, and the ones that it hands to the operator. */
import { createServer } from 'node:net';

export interface DemoOptions {
  readonly sync: boolean;
  readonly currentCluster: boolean;
  readonly port: number;
  readonly opsPort: number;
  readonly databaseUrl: string;
  readonly publicUrl: string;
}

/** PORT and DATABASE_URL are short for the operator's options, which count too. */
export async function readOptions(defaultDatabaseUrl: string): Promise<DemoOptions> {
  const { env } = process;
  const sync = oneOf('SYNC', ['on', 'off'], 'on') === 'on';
  const currentCluster = oneOf('CLUSTER', ['own', 'current'], 'own') === 'current';
  const port = Number(env.PORT || env.SCIM_OPERATOR_PORT || (await preferredPort(8080)));
  const opsPort = Number(env.SCIM_OPERATOR_OPS_PORT || (await preferredPort(9090)));
  return {
    sync,
    currentCluster,
    port,
    opsPort,
    databaseUrl: env.DATABASE_URL || env.SCIM_OPERATOR_DATABASE_URL || defaultDatabaseUrl,
    publicUrl: env.SCIM_OPERATOR_PUBLIC_URL || `http://127.0.0.1:${port}`,
  };
}

function oneOf(name: string, allowed: readonly string[], fallback: string): string {
  const value = process.env[name] || fallback;
  if (!allowed.includes(value)) {
    throw new Error(`${name}=${value} is not allowed; it must be ${allowed.join(' or ')}`);
  }
  return value;
}

/** The port, or a free one where it is taken. */
async function preferredPort(port: number): Promise<number> {
  const bind = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        const { port: bound } = server.address() as { port: number };
        server.close(() => resolve(bound));
      });
    });
  return bind(port).catch(() => bind(0));
}

/** What the operator gets: every option of the caller's, and the demo's own where the caller has none. */
export function operatorEnvironment(options: DemoOptions, kubeconfig: string): NodeJS.ProcessEnv {
  return {
    SCIM_OPERATOR_HOST: '127.0.0.1',
    ...process.env,
    SCIM_OPERATOR_PORT: String(options.port),
    SCIM_OPERATOR_OPS_PORT: String(options.opsPort),
    SCIM_OPERATOR_DATABASE_URL: options.databaseUrl,
    SCIM_OPERATOR_PUBLIC_URL: options.publicUrl,
    SCIM_OPERATOR_KUBECONFIG: kubeconfig,
  };
}

/** Lines for `source`, safe for any value. */
export function shellExports(values: Readonly<Record<string, string>>): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}
