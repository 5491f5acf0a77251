import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManyRowsError } from '../../../src/directory/sql/search/reads.ts';
import type { Steps } from '../../../src/directory/sql/search/steps.ts';
import { Template } from '../../../src/directory/sql/template.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../src/directory/sqlite/dialect.ts';

/** Counts rows, as a list does. */
const COUNT = compose(sql`
  WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ${0})
  SELECT count(*) AS n FROM c WHERE ${sqliteDialect.unended}
`).sql;

let folder: string;
let connections: Connections;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-bounded-'));
  connections = openConnections(join(folder, 'directory.db'), () => 0);
});

afterEach(async () => {
  await connections.close();
  await rm(folder, { recursive: true });
});

function* counting(rows: number): Steps<unknown> {
  const [row] = yield { template: new Template({ sql: COUNT, params: [rows] }), input: {} };
  return row;
}

it('a read that is bounded is stopped at many rows, and no other read', async () => {
  const { reader } = connections;
  const read = (rows: number, isBounded: boolean) =>
    reader({ integrationId: 'okta', isBounded, steps: counting(rows) });
  expect(await read(50, true)).toEqual({ n: 50 });
  await expect(read(5_000, true)).rejects.toThrow(ManyRowsError);
  expect(await read(5_000, false)).toEqual({ n: 5_000 });
  expect(await read(50, true)).toEqual({ n: 50 });
});

it('a large read runs beside this thread', async () => {
  const { reader } = connections;
  const large = reader({ integrationId: 'okta', isLarge: true, steps: counting(5_000) });
  expect(await large).toEqual({ n: 5_000 });
});
