/** helm 3 and helm 4: those in the PATH, or built from their Go modules and kept in the cache. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPinnedProgram } from '../go-program.ts';

export const HELM_MAJORS = ['v3', 'v4'] as const;
export type HelmMajor = (typeof HELM_MAJORS)[number];

const programs = new Map<HelmMajor, string>();

/** Path of the program. `HELM_V3` and `HELM_V4` name programs of your own. */
export async function helmProgram(
  major: HelmMajor,
  log: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<string> {
  const program =
    programs.get(major) ?? process.env[`HELM_${major.toUpperCase()}`] ?? (await find(major, log));
  programs.set(major, program);
  return program;
}

function find(major: HelmMajor, log: (line: string) => void): Promise<string> {
  const path = `helm.sh/helm/${major}`;
  const program = {
    name: 'helm',
    module: join(import.meta.dirname, major),
    path,
    main: `${path}/cmd/helm`,
    flags: (version: string) => `-X ${path}/internal/version.version=${version}`,
    versionInPath,
  };
  return findPinnedProgram(program, log);
}

function versionInPath(): string | undefined {
  const { stdout } = spawnSync('helm', ['version', '--template', '{{.Version}}'], {
    encoding: 'utf8',
  });
  return stdout?.trim();
}
