/**
 * The first connection to a database: finds out how it is entered, and brings the schema up to
 * date.
 */
import type pg from 'pg';
import type { PostgresAddress } from './connection/address.ts';
import { clientTo } from './connection/client.ts';
import { speaksNoTls } from './connection/tls.ts';
import { asRefusal, isAboutTls } from './errors.ts';
import { migrate } from './migrate.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Returns the schema of the directory. Throws DatabaseRefusedError, or any other error while the
 * server can't be reached.
 */
export async function beginDatabase(address: PostgresAddress, now: () => number): Promise<string> {
  const client = await connect(address);
  try {
    return await migrate(client, address.schema, now);
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect(address: PostgresAddress): Promise<pg.Client> {
  const Client = clientTo(address);
  const attempt = async () => {
    const client = new Client({
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: `${address.applicationName} migrate`,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
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
