import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const CONNECTIONS = new URL('../../../../src/directory/sqlite/connections.ts', import.meta.url);
const STEPS = `
  import { setImmediate as nextTurn } from 'node:timers/promises';
  import { openConnections } from ${JSON.stringify(CONNECTIONS.href)};
  const connections = openConnections(process.argv[2], Date.now);
  const { writer, write, reader } = connections;
  const insert = write.raw.prepare('INSERT INTO governed_tenants VALUES (?)');
  const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-closing-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Rejects if the program ends before its last statement. */
async function run(program: string): Promise<readonly string[]> {
  const file = join(folder, 'program.mjs');
  await writeFile(file, STEPS + program);
  const args = [file, join(folder, 'directory.db')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  expect(stdout).toBe('closed\n');
  return readdir(folder);
}

it('a process lives until a database is closed whose checkpoint has just ended', async () => {
  const files = await run(`
    const isCopied = () => {
      const [{ log, checkpointed }] = write.raw.pragma('wal_checkpoint(NOOP)');
      return log === checkpointed;
    };
    await writer.write(() => insert.run('x'.repeat(4_500_000)));
    while (!isCopied()) await nextTurn();
    for (let turn = 0; turn < 20_000; turn++) await nextTurn();
    await writer.write(() => insert.run('y'.repeat(4_500_000)));
    await nextTurn();
    // The answer of the thread arrives while it is being ended.
    for (let round = 0; round < 300 && !isCopied(); round++) block(10);
    block(100);
    await connections.close();
    console.log('closed');
  `);
  expect(files).not.toContain('directory.db-wal');
});

it('a process lives until a database is closed in which a search has just ended', async () => {
  const files = await run(`
    const template = { statement: () => ({ sql: 'SELECT 1', params: [] }) };
    const steps = function* () { yield { template, input: {} }; };
    const search = () => reader({ integrationId: 'okta', isLarge: true, steps: steps() });
    await search();
    await nextTurn();
    search().catch(() => {});
    await nextTurn();
    block(500);
    await connections.close();
    console.log('closed');
  `);
  expect(files).not.toContain('directory.db-wal');
});
