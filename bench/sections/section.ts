/** What the sections of the bench get, and servers for them. */
import type { Closing } from '../../hack/trial.ts';
import type { Directory } from '../directory/directory.ts';
import { Load } from '../load/load.ts';
import { phasesOf } from '../load/phases.ts';
import type { Subject } from '../measure/throughput.ts';
import type { Options } from '../options.ts';
import { createCeiling, startCeiling } from '../stage/ceiling.ts';
import type { Databases } from '../stage/databases.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../stage/server.ts';

export interface Context {
  readonly databases: Databases;
  readonly folder: string;
  readonly options: Options;
  progress(line: string): void;
  /** What ends with the section. The last one ends first. */
  readonly closing: Closing;
}

export interface Served {
  readonly directory: Directory;
  readonly server: ServerProcess;
  readonly load: Load;
}

/** Puts a server on a directory, with a load for it. */
export async function serve(
  directory: Directory,
  { folder, closing }: Pick<Context, 'folder' | 'closing'>,
  options: Omit<ServerOptions, 'folder'> = {},
): Promise<Served> {
  const server = await startServer(directory, { folder, ...options });
  return open(directory, server, closing);
}

/** Puts the ceiling on a copy of the directory, with a load for it. */
export async function serveCeiling(
  directory: Directory,
  name: string,
  { databases, folder, closing }: Context,
  environment?: NodeJS.ProcessEnv,
): Promise<Served> {
  const url = await createCeiling(databases, name, directory);
  return open(directory, await startCeiling(url, folder, environment), closing);
}

function open(directory: Directory, server: ServerProcess, closing: Closing): Served {
  const load = new Load(server);
  closing.push(
    () => server.stop(),
    () => load.close(),
  );
  return { directory, server, load };
}

export function subjectOf(
  { load, directory }: Pick<Served, 'load' | 'directory'>,
  servers: readonly ServerProcess[],
  { databases }: Pick<Context, 'databases'>,
): Subject {
  const next = phasesOf(load, directory);
  return { load, pids: [...servers.map(({ pid }) => pid), ...databases.pids], next };
}
