/** kind: the one in the PATH, or built from its Go module and kept in the cache. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder } from '../cache.ts';
import { ensureGoProgram, requiredVersion } from '../go-program.ts';

const MODULE = import.meta.dirname;
const PATH = 'sigs.k8s.io/kind';

/** Path of the program. `KIND` names a program of your own. Throws GoBuildError. */
export async function kindProgram(log: (line: string) => void): Promise<string> {
  if (process.env.KIND) return process.env.KIND;
  const version = requiredVersion(MODULE, PATH);
  const { stdout } = spawnSync('kind', ['version'], { encoding: 'utf8' });
  if (stdout?.split(' ')[1] === version) return 'kind';
  const target = join(cacheFolder(`kind-${version}`), 'kind');
  await ensureGoProgram({ name: `kind ${version}`, module: MODULE, main: PATH }, target, log);
  return target;
}
