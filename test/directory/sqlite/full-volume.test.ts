/** A volume without space: nothing acknowledged is lost, reads work, and it heals by itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../../src/commands/database.ts';
import { readInvocation } from '../../../src/config/invocation.ts';
import { captureLog } from '../../support/captured-log.ts';
import { useSqlite } from '../../support/directory/sqlite.ts';
import { eventually } from '../../support/eventually.ts';
import { Program } from '../../support/program.ts';
import { type ScimServer, startScimServer } from '../../support/scim-server/server.ts';

/** Only root may mount a volume, and not everywhere. */
function mountSmallVolume(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
let mounted: boolean;
let server: ScimServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-full-'));
  mounted = mountSmallVolume(folder);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

describe('a full volume', () => {
  it('refuses writes with 503 and one line, keeps what it acknowledged, and heals', async (test) => {
    if (!mounted) return test.skip('only root may mount a small volume');
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(6_000_000));
    const { log, lines } = captureLog();
    const invocation = readInvocation(
      ['run', '--public-url=https://a.example', `--database-url=file:${join(folder, 'scim.db')}`],
      {},
    );
    if (invocation.kind !== 'command') throw new Error('help was given');
    const { config } = invocation;
    server = await startScimServer({
      log,
      open: async () => {
        const store = await open(config, log);
        return { store, close: () => store.close() };
      },
    });
    const client = await server.addIntegration();
    const acknowledged: string[] = [];
    let refused = 0;
    let count = 0;
    const write = async () => {
      const userName = `user-${count++}`;
      const title = 'x'.repeat(10_000);
      const { status, headers } = await client.send('POST', '/Users', { userName, title });
      if (status === 201) {
        acknowledged.push(userName);
        return;
      }
      expect([status, headers.get('retry-after')]).toEqual([503, '5']);
      refused++;
    };
    while (refused < 20) await Promise.all([write(), write(), write()]);
    const told = () =>
      lines.filter(({ msg }) => /^the /.test(msg)).map(({ level, msg }) => [level, msg]);
    const names = async () => {
      const { body } = await client.send('GET', '/Users?count=1000&attributes=userName');
      return (body.Resources as { userName: string }[]).map(({ userName }) => userName);
    };
    expect((await names()).toSorted()).toEqual(acknowledged.toSorted());
    await expect(server?.store.ping()).resolves.toBeUndefined();

    rmSync(ballast);
    const before = acknowledged.length;
    // More writes in that time would fill the volume again.
    await eventually(
      async () => {
        await write();
        expect(told()).toHaveLength(2);
      },
      { everyMs: 250 },
    );
    expect(acknowledged.length).toBeGreaterThan(before);
    expect((await names()).toSorted()).toEqual(acknowledged.toSorted());
    expect(told()).toEqual([
      ['error', 'the volume of the database is full; writes get 503 until it has space'],
      ['info', 'the volume of the database has space again'],
    ]);
  });

  it('leaves no half backup behind', async (test) => {
    if (!mounted) return test.skip('only root may mount a small volume');
    const { path, close } = await useSqlite();
    const target = join(folder, 'backup.db');
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(12_500_000));
    const program = new Program(['backup', `--database-url=file:${path}`, `--to=${target}`]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(/^scim-operator: can't .*full\n$/);
    expect(readdirSync(folder)).toEqual(['ballast']);
    await close();
  });
});
