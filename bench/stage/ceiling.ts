/** The ceiling with the same users and groups as a directory, in a process of its own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startChild } from '../../hack/process/child.ts';
import { freePorts } from '../../hack/process/ports.ts';
import { ceilingUser } from '../ceiling/answers.ts';
import { PATH } from '../ceiling/main.ts';
import { openCeiling } from '../ceiling/store.ts';
import type { Directory } from '../directory/directory.ts';
import { userNumber } from '../directory/users.ts';
import type { Databases } from './databases.ts';
import { type ServerProcess, untilResponding } from './server.ts';

const BATCH = 1_000;
const PROGRAM = join(import.meta.dirname, '..', 'ceiling', 'main.ts');

/** The users and groups have the ids that they have in the directory. */
export async function createCeiling(
  databases: Databases,
  name: string,
  { users, groups, members }: Directory,
): Promise<string> {
  const url = await databases.create(name);
  const store = await openCeiling(url);
  for (let start = 0; start < users.length; start += BATCH) {
    const ids = users.slice(start, start + BATCH);
    await store.insert(ids.map((id, index) => ceilingUser(userNumber(start + index), PATH, id)));
  }
  for (const [displayName, id] of Object.entries(groups)) {
    await store.addGroup(id, displayName);
    await store.addMembers(id, members[displayName] ?? []);
  }
  await store.close();
  return url;
}

export async function startCeiling(
  url: string,
  folder: string,
  environment?: NodeJS.ProcessEnv,
): Promise<ServerProcess> {
  const [port = 0] = await freePorts(1);
  const token = randomUUID();
  const log = join(folder, 'ceiling.log');
  const child = startChild(process.execPath, [PROGRAM, url, String(port), token], log, environment);
  const begun = performance.now();
  const base = `http://127.0.0.1:${port}${PATH}`;
  await untilResponding({ base, token }, child, log);
  const stop = () => child.stop();
  return { base, token, pid: child.pid, readyMs: performance.now() - begun, stop };
}
