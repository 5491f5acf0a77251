/** Runs a program to its end. */
import { execFile } from 'node:child_process';

export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input. */
  readonly input?: string;
}

/** Returns what it printed. Rejects with ProgramError, which has what it said instead. */
export function outputOf(
  program: string,
  args: readonly string[],
  { input = '', ...surroundings }: Surroundings = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { ...surroundings, maxBuffer: 64 * 1024 * 1024 };
  const child = execFile(program, [...args], options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout);
    else reject(new ProgramError(stderr || error.message));
  });
  child.stdin?.end(input);
  return promise;
}
