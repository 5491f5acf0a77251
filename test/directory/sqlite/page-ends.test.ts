import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PageEnds } from '../../../src/directory/sql/search/page-ends.ts';
import { Template } from '../../../src/directory/sql/template.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../src/directory/sqlite/dialect.ts';

let folder: string;
let connections: Connections;
let ends: PageEnds;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-page-ends-'));
  connections = openConnections(join(folder, 'directory.db'), () => 0);
  const { version } = sqliteDialect;
  if (version === undefined) throw new Error('there is no version');
  ends = new PageEnds(new Template(compose(version)));
});

afterEach(async () => {
  await connections.close();
  await rm(folder, { recursive: true });
});

/** Reads a page of two, and returns the id that it begins behind. */
async function pageAt(offset: number, tenant = 'acme', meanwhile?: () => Promise<unknown>) {
  let begun: string | undefined;
  await ends.follow(
    { tenant, offset },
    (steps) => connections.reader({ integrationId: 'okta', steps }),
    async (id) => {
      begun = id;
      await meanwhile?.();
      return { total: 9_999, records: [{ id: 'x' }, { id: `${tenant} ${offset + 2}` }] };
    },
  );
  return begun;
}

const write = () =>
  connections.writer.write(() =>
    connections.write.raw.exec('INSERT INTO governed_tenants VALUES (hex(randomblob(8)))'),
  );

it('a page by index begins behind the page that ended there, unless anything was written since', async () => {
  expect(await pageAt(0)).toBeUndefined();
  expect(await pageAt(2)).toBe('acme 2');
  expect(await pageAt(4)).toBe('acme 4');
  expect(await pageAt(2)).toBe('acme 2');
  expect(await pageAt(2, 'globex')).toBeUndefined();
  expect(await pageAt(5)).toBeUndefined();
  await write();
  expect(await pageAt(4)).toBeUndefined();
  expect(await pageAt(6)).toBe('acme 6');
  expect(await pageAt(2)).toBeUndefined();
});

it('a page during which something is written is followed by none', async () => {
  expect(await pageAt(0, 'acme', write)).toBeUndefined();
  expect(await pageAt(2)).toBeUndefined();
});

it('the ends of a thousand pages are kept', async () => {
  for (let offset = 0; offset <= 2_000; offset += 2) await pageAt(offset);
  expect(await pageAt(2)).toBeUndefined();
  expect(await pageAt(2_002)).toBe('acme 2002');
});
