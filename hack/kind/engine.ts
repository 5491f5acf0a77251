/** The container engine in which kind runs its nodes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How long an engine has to respond. */
export const ENGINE_MS = 5_000;
const ENGINES = ['docker', 'podman'] as const;

export type KindEngine = (typeof ENGINES)[number];

/** Docker if both are running. */
export async function runningEngine(): Promise<KindEngine | undefined> {
  const runs = await Promise.allSettled(
    ENGINES.map((engine) => promisify(execFile)(engine, ['info'], { timeout: ENGINE_MS })),
  );
  return ENGINES.find((_, index) => runs[index]?.status === 'fulfilled');
}

/** Makes kind use the engine. */
export const environmentOf = (engine: KindEngine): NodeJS.ProcessEnv => ({
  ...process.env,
  KIND_EXPERIMENTAL_PROVIDER: engine,
});
