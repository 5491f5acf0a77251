/** kind: the one in the PATH, or built from its Go module and kept in the cache. */
import { spawnSync } from 'node:child_process';
import { findPinnedProgram } from '../go-program.ts';

const KIND = {
  name: 'kind',
  module: import.meta.dirname,
  path: 'sigs.k8s.io/kind',
  versionInPath: () => spawnSync('kind', ['version'], { encoding: 'utf8' }).stdout?.split(' ')[1],
};

/** Path of the program. `KIND` names a program of your own. Throws GoBuildError. */
export const kindProgram = async (log: (line: string) => void): Promise<string> =>
  process.env.KIND || findPinnedProgram(KIND, log);
