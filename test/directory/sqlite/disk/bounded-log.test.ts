/** Searches read an old state of the database while others write, which keeps the log. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Steps } from '../../../../src/directory/sql/search/steps.ts';
import { template } from '../../../../src/directory/sql/template.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../../src/directory/sqlite/connections.ts';
import { eventually } from '../../../support/eventually.ts';

const MB = 2 ** 20;
const BOUND = 64 * MB;
const PIECE = 8 * MB;
const SOON = { everyMs: 1 };

let folder: string;
let path: string;
let connections: Connections;
let written: number;
let rounds: number;

beforeEach(async () => {
  // What waits for the end of searches does so until a test lets time pass.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = await mkdtemp(join(tmpdir(), 'scim-log-'));
  path = join(folder, 'directory.db');
  connections = openConnections(path, Date.now);
  written = 0;
  rounds = 1;
  connections.write.raw.exec(
    "CREATE TABLE notes (round INTEGER, text TEXT); INSERT INTO notes VALUES (1, '')",
  );
});

afterEach(async () => {
  await connections.close();
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** Writes all of these pages again. */
async function write(bytes: number): Promise<void> {
  const update = connections.write.raw.prepare('UPDATE notes SET round = round + 1, text = ?');
  await connections.writer.write(() => update.run(String(rounds % 10).repeat(bytes)));
  written += bytes;
  rounds++;
}
const logged = async () => (await stat(`${path}-wal`)).size;
const counts = () => {
  const { running, waiting, refused, ended } = connections.searches.members;
  return { running, waiting, refused, ended };
};

const round = template(compose, () => sql<{ round: number }>`SELECT round FROM notes`);

interface Search {
  /** The state that it reads, once it reads one. */
  state: number | undefined;
  readonly answer: Promise<number>;
  end(): void;
}

/** A search that reads one state of the database again and again until it is told to end. */
function search(integrationId: string): Search {
  let isTold = false;
  function* steps(): Steps<number> {
    for (;;) {
      const rows = (yield { template: round, input: {} }) as readonly { readonly round: number }[];
      search.state ??= rows[0]?.round ?? -1;
      expect(rows).toEqual([{ round: search.state }]);
      if (isTold) return search.state;
    }
  }
  const search: Search = {
    state: undefined,
    answer: (async () => connections.reader({ integrationId, isLarge: true, steps: steps() }))(),
    end: () => {
      isTold = true;
    },
  };
  search.answer.catch(() => undefined);
  return search;
}
const reads = (each: Search) => eventually(() => expect(each.state).toBeDefined(), SOON);

describe('the write-ahead log', () => {
  it('stays small while searches that overlap always read an old state', async () => {
    let most = 0;
    let [running, waited] = [search('okta'), 0];
    await reads(running);
    while (written < 4 * BOUND) {
      const next = search(rounds % 2 === 0 ? 'okta' : 'entra');
      await eventually(() => expect(next.state ?? counts().waiting).toBeTruthy(), SOON);
      if (next.state === undefined) waited++;
      await write(PIECE);
      most = Math.max(most, await logged());
      running.end();
      expect(await running.answer).toBe(running.state);
      // It may have waited, and nothing is written now.
      await reads(next);
      running = next;
    }
    running.end();
    expect(await running.answer).toBe(running.state);
    expect(most).toBeLessThan(BOUND + 2 * PIECE);
    expect(waited).toBeGreaterThan(0);
    expect(counts()).toEqual({ running: 0, waiting: 0, refused: 0, ended: 0 });
  });

  it('begins again when no search reads an old state, and those that wait read the latest', async () => {
    const running = [search('okta'), search('entra')];
    await Promise.all(running.map(reads));
    while (written < BOUND + PIECE) await write(PIECE);
    const waiting = ['okta', 'entra', 'ping'].map(search);
    await eventually(() => expect(counts()).toMatchObject({ running: 2, waiting: 3 }));
    running[0]?.end();
    expect(await running[0]?.answer).toBe(1);
    expect(counts()).toMatchObject({ running: 1, waiting: 3 });
    running[1]?.end();
    for (const each of waiting) each.end();
    const answers = await Promise.all(waiting.map(({ answer }) => answer));
    expect(answers).toEqual(Array(3).fill(rounds));
    await write(1);
    expect(await logged()).toBeLessThan(2 * PIECE);
  });

  it('keeps no search waiting for long because of one that lasts', async () => {
    const lasting = search('okta');
    await reads(lasting);
    while (written < BOUND + PIECE) await write(PIECE);
    const next = search('entra');
    await eventually(() => expect(counts()).toMatchObject({ running: 1, waiting: 1 }));
    vi.advanceTimersByTime(1_000);
    await reads(next);
    next.end();
    expect(await next.answer).toBe(rounds);
    lasting.end();
    expect(await lasting.answer).toBe(1);
  });

  it('keeps them waiting for longer when it grows on, until it has begun again', async () => {
    const integrations = ['okta', 'entra'];
    let running = search('entra');
    await reads(running);
    /** Another search begins before the one that runs ends. Returns how many seconds it waited. */
    const overlap = async () => {
      integrations.reverse();
      const next = search(integrations[1] ?? '');
      await eventually(() => expect(next.state ?? counts().waiting).toBeTruthy(), SOON);
      let seconds = 0;
      for (; counts().waiting > 0 && seconds < 60; seconds++) vi.advanceTimersByTime(1_000);
      await reads(next);
      running.end();
      await running.answer;
      running = next;
      return seconds;
    };
    const waits = async (most: number) => {
      const found: number[] = [];
      while (found.length < most) {
        await write(PIECE);
        const seconds = await overlap();
        if (seconds > 0) found.push(seconds);
      }
      return found;
    };
    expect(await waits(6)).toEqual([1, 2, 4, 8, 16, 16]);
    expect(await logged()).toBeGreaterThan(6 * BOUND);
    running.end();
    await running.answer;
    await write(PIECE);
    await write(1);
    expect(await logged()).toBeLessThan(2 * PIECE);
    running = search(integrations[1] ?? '');
    await reads(running);
    expect(await waits(2)).toEqual([1, 2]);
    running.end();
    await running.answer;
  });

  it('keeps no search waiting because of a reader that does not end', async () => {
    const other = new Database(path, { readonly: true });
    other.exec('BEGIN');
    other.prepare('SELECT * FROM notes').get();
    while (written < 2 * BOUND) {
      const each = search('okta');
      await write(PIECE);
      each.end();
      await each.answer;
    }
    expect(await logged()).toBeGreaterThan(2 * BOUND);
    other.close();
    await write(PIECE);
    await write(1);
    expect(await logged()).toBeLessThan(2 * PIECE);
  });
});
