/** What the bench is asked to do, from the environment. */

export interface BenchOptions {
  readonly integrations: number;
  readonly namespaces: number;
  readonly changesPerSecond: number;
  /** Of the changes. */
  readonly seconds: number;
  /** How long the calls at rest are counted. */
  readonly restSeconds: number;
  /** Folder for processor profiles of the operator; undefined: none are made, because they slow it down. */
  readonly profiles: string | undefined;
}

export function readOptions(env: NodeJS.ProcessEnv): BenchOptions {
  const options = {
    integrations: count(env, 'INTEGRATIONS', 10_000),
    namespaces: count(env, 'NAMESPACES', 100),
    changesPerSecond: count(env, 'RATE', 20),
    seconds: count(env, 'LOAD_SECONDS', 60),
    restSeconds: count(env, 'REST_SECONDS', 120),
    profiles: env.PROFILES || undefined,
  };
  const { integrations, changesPerSecond, seconds } = options;
  if (changesPerSecond * seconds > integrations)
    throw new Error(
      'INTEGRATIONS must be at least RATE × LOAD_SECONDS: each is changed once at most',
    );
  return options;
}

function count(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name}=${env[name]} is not allowed; it must be a whole number above 0`);
}
