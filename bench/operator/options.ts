/** The options of the bench, from the environment. */

export interface BenchOptions {
  readonly integrations: number;
  readonly namespaces: number;
  readonly changesPerSecond: number;
  /** How long changes are made. */
  readonly seconds: number;
  /** How long the calls at rest are counted. */
  readonly restSeconds: number;
  /**
   * Folder for CPU profiles of the operator. Undefined for none, because profiling slows it down.
   */
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
      'INTEGRATIONS must be at least RATE × LOAD_SECONDS, because each is changed at most once',
    );
  return options;
}

function count(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name}=${env[name]} is not allowed; it must be a whole number above 0`);
}
