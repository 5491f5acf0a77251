import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createDirectory, TENANT } from '../../bench/directory/directory.ts';
import { userNumber } from '../../bench/directory/users.ts';
import type { DatabaseKind } from '../../bench/stage/databases.ts';
import { openDirectory } from '../../src/directory/open.ts';
import { openSource } from '../../src/directory/transfer/open.ts';
import { TRANSFER_TABLES } from '../../src/directory/transfer/tables.ts';
import { createDatabase } from '../support/directory/postgres.ts';
import { startScimServer } from '../support/scim-server/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'scim-operator-fill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a change of a resource leaves behind besides the resource. */
const OF_REQUESTS = ['integrations', 'tokens', 'activity', 'signing_keys'];
const TIMES = ['created', 'last_modified'];

/** The tables that have rows of the tenant. Ids are replaced by the order in which they appear. */
async function rowsIn(url: string): Promise<Record<string, unknown[]>> {
  const source = await openSource(() => url);
  const ids = new Map<unknown, string>();
  const tables: Record<string, unknown[]> = {};
  for (const table of TRANSFER_TABLES) {
    const rows: Record<string, unknown>[] = [];
    for await (const batch of source.rows(table))
      for (const row of batch)
        rows.push(
          Object.fromEntries(
            table.columns
              .map(({ name }, index) => [name, row[index]] as const)
              .filter(([name]) => !TIMES.includes(name))
              .map(([name, value]) => {
                if (!/(^|_)id$/.test(name) || name === 'external_id') return [name, value];
                if (!ids.has(value)) ids.set(value, `id ${ids.size}`);
                return [name, ids.get(value)];
              }),
          ),
        );
    const own = rows.filter(({ tenant = TENANT }) => tenant === TENANT);
    if (own.length > 0 && !OF_REQUESTS.includes(table.name)) tables[table.name] = own;
  }
  await source.close();
  return tables;
}

let files = 0;
const newUrl = async (kind: DatabaseKind) =>
  kind === 'sqlite' ? `file:${join(folder, `${++files}.db`)}` : (await createDatabase()).url;

it.each(['sqlite', 'postgres'] as const)(
  'a directory on %s that is filled has the rows of one that was provisioned',
  async (kind) => {
    const databases = {
      kind,
      pids: [],
      create: () => newUrl(kind),
      settle: async () => undefined,
      sizeOf: async () => 0,
      stop: async () => undefined,
    };
    const { url } = await createDirectory(databases, 'filled', 3, { some: 2 });

    const other = await newUrl(kind);
    const server = await startScimServer({
      open: async (types) => {
        const store = await openDirectory(other, types);
        return { store, close: () => store.close() };
      },
    });
    const client = await server.addIntegration({ tenant: TENANT });
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await client.send('POST', '/Users', userNumber(n))).id);
    const members = ids.slice(0, 2).map((value) => ({ value }));
    await client.send('POST', '/Groups', { displayName: 'some', members });
    await server.close();

    const provisioned = await rowsIn(other);
    expect(Object.keys(provisioned)).toContain('group_members');
    expect(await rowsIn(url)).toEqual(provisioned);
  },
);
