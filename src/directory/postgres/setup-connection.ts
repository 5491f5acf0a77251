/**
 * The first connection to a database. It finds out whether the server wants TLS, and brings the
 * schema up to date.
 */
import { Socket } from 'node:net';
import type pg from 'pg';
import type { PostgresAddress } from './connection/address.ts';
import { clientTo } from './connection/client.ts';
import { LIMITS } from './connection/pool.ts';
import { FAREWELL_MS, KEEP_ALIVE } from './connection/session.ts';
import { speaksNoTls } from './connection/tls.ts';
import { asRefusal, isAboutTls } from './errors.ts';
import type { SetupSession } from './ledger.ts';
import { checkCurrent, migrate } from './migrate.ts';

interface Connection {
  readonly client: pg.Client;
  readonly socket: Socket;
}

/**
 * Returns the schema of the directory. Throws DatabaseRefusedError, or any other error while the
 * server is unreachable or doesn't respond to a statement for `silenceMs`, which differs in tests
 * only.
 */
export async function prepareDatabase(
  address: PostgresAddress,
  now: () => number,
  silenceMs: number = LIMITS.silenceMs,
): Promise<string> {
  return onConnection(address, silenceMs, (session) => migrate(session, address.schema, now));
}

/**
 * Returns the schema of a directory that is there already, and only reads. Throws
 * DatabaseRefusedError, or any other error while the server is unreachable.
 */
export function findDirectory(address: PostgresAddress): Promise<string> {
  return onConnection(address, LIMITS.silenceMs, (session) =>
    checkCurrent(session, address.schema),
  );
}

async function onConnection<T>(
  address: PostgresAddress,
  silenceMs: number,
  work: (session: SetupSession) => Promise<T>,
): Promise<T> {
  const { client, socket } = await connect(address, 'migrate');
  const session: SetupSession = {
    query: (text, values) => within(silenceMs, socket, () => client.query(text, values)),
  };
  try {
    return await work(session);
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await within(FAREWELL_MS, socket, () => client.end()).catch(() => undefined);
  }
}

/** Ends the connection, and with it the work, if the work takes longer. */
async function within<T>(milliseconds: number, socket: Socket, work: () => Promise<T>): Promise<T> {
  const late = new Error('the server did not respond in time');
  const timer = setTimeout(() => socket.destroy(late), milliseconds);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Opens a connection of its own, whose statements name the schema if one is given. Throws
 * DatabaseRefusedError, or any other error while the server is unreachable.
 */
export async function connect(
  address: PostgresAddress,
  purpose: string,
  schema?: string,
): Promise<Connection> {
  const Client = clientTo(address, schema);
  const attempt = async () => {
    const socket = new Socket();
    const client = new Client({
      connectionTimeoutMillis: LIMITS.acquireMs,
      application_name: `${address.applicationName} ${purpose}`,
      stream: () => socket,
      ...KEEP_ALIVE,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return { client, socket };
    } catch (error) {
      socket.destroy();
      throw error;
    }
  };
  try {
    return await attempt();
  } catch (first) {
    if (!address.choosesTls || !isAboutTls(first)) throw asRefusal(first);
    return attempt().catch((second: unknown) => {
      const tells = speaksNoTls(first) || !isAboutTls(second) ? second : first;
      throw asRefusal(tells);
    });
  }
}
