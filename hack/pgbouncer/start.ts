/** Starts a real PgBouncer in transaction mode on loopback, in front of a PostgreSQL server. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startChild, sweepAfterDeath } from '../process/child.ts';
import { freePorts } from '../process/ports.ts';
import { findPgBouncer } from './programs.ts';

export interface PgBouncer {
  /** Returns the URL of the same database through PgBouncer. */
  through(url: string): string;
  readonly version: string;
  /** Whether it keeps prepared statements. */
  readonly prepares: boolean;
  /** Lets it keep so many prepared statements from now on. */
  keep(prepared: number): Promise<void>;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 30_000;
/** PgBouncer refuses to run as root, so root runs it as `nobody`. */
const NOBODY = 65_534;

/** Its own default, from 1.24 on. */
const PREPARED = 200;

/**
 * All clients of one database share `size` connections to the server, each of which keeps so many
 * prepared statements if this version can. Throws PgBouncerUnavailableError.
 */
export async function startPgBouncer(
  server: string,
  size: number,
  prepared = PREPARED,
): Promise<PgBouncer> {
  const { command, libraries, version, prepares } = findPgBouncer();
  const dir = mkdtempSync(join(tmpdir(), 'scim-operator-pgbouncer-'));
  sweepAfterDeath(dir);
  const [port = 0] = await freePorts(1);
  const config = join(dir, 'pgbouncer.ini');
  const write = (count: number) => {
    const more = prepares ? `max_prepared_statements = ${count}\n` : '';
    writeFileSync(config, settings(new URL(server), port, size) + more, { mode: 0o600 });
  };
  write(prepared);
  // `nobody` can't read a cache in a home folder.
  const program = join(dir, 'pgbouncer');
  cpSync(command, program);
  const copied = join(dir, 'lib');
  if (libraries !== undefined)
    cpSync(libraries, copied, { recursive: true, verbatimSymlinks: true });
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) for (const path of [dir, config]) chownSync(path, NOBODY, NOBODY);
  chmodSync(dir, 0o755);

  const log = join(dir, 'log');
  const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: copied }) };
  const child = startChild(program, [config], log, env, user);
  const through = (url: string) => {
    const changed = new URL(url);
    changed.host = `127.0.0.1:${port}`;
    return changed.href;
  };
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!(await answers(through(server)))) {
    if (!child.running || performance.now() > deadline) {
      const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
      throw new Error(`PgBouncer did not start:\n${said}`);
    }
    await pause(20);
  }
  return {
    through,
    version,
    prepares: prepares && prepared > 0,
    keep: async (count) => {
      write(count);
      process.kill(child.pid, 'SIGHUP');
      while (!readFileSync(log, 'utf8').includes('SIGHUP')) await pause(20);
    },
    stop: async () => {
      await child.stop('SIGINT');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function settings({ hostname, port, username, password }: URL, own: number, size: number): string {
  const secret = password && ` password=${decodeURIComponent(password)}`;
  return `[databases]
* = host=${hostname} port=${port || 5432} user=${decodeURIComponent(username)}${secret}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${size}
max_client_conn = 300
`;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
