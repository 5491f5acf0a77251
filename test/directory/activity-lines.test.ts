/** The activity log as the lines of a file. */
import { describe, expect, it } from 'vitest';
import { ACTIVITY_LINES } from '../../src/directory/activity-lines.ts';
import type { ActivityEntry } from '../../src/directory/store/activity.ts';

const ENTRY: ActivityEntry = {
  id: '019ac0de-0000-7000-8000-000000000001',
  at: Date.UTC(2026, 10, 29, 9, 30),
  tenant: 'acme',
  actor: { kind: 'integration', name: 'okta' },
  operation: 'update',
  resource: { type: 'User', id: 'u1', name: 'ann' },
  requestId: 'r-1',
  version: 2,
  change: { title: { before: 'Engineer', after: 'Director' } },
};

const named = (name: string): ActivityEntry => ({
  ...ENTRY,
  resource: { ...ENTRY.resource, name },
});

/** The records of a file as RFC 4180 defines them. */
function parse(text: string): string[][] {
  const records: string[][] = [];
  const cells = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy);
  let record: string[] = [];
  let read = 0;
  for (const [all, quoted, plain = '', end] of cells) {
    read += all.length;
    record.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    records.push(record);
    record = [];
  }
  expect(read).toBe(text.length);
  return records;
}

describe('CSV', () => {
  const { head, line } = ACTIVITY_LINES.csv;

  it('has a column for each field', () => {
    const [names, values] = parse(head + line(ENTRY));
    expect(Object.fromEntries(names?.map((name, index) => [name, values?.[index]]) ?? [])).toEqual({
      time: '2026-11-29T09:30:00.000Z',
      tenant: 'acme',
      actor_kind: 'integration',
      actor: 'okta',
      operation: 'update',
      resource_type: 'User',
      resource_id: 'u1',
      resource_name: 'ann',
      request_id: 'r-1',
      version: '2',
      change: '{"title":{"before":"Engineer","after":"Director"}}',
      id: ENTRY.id,
    });
  });

  it('leaves a cell empty if the entry lacks the field', () => {
    const [record] = parse(line({ ...ENTRY, requestId: undefined, version: undefined }));
    expect(record?.slice(8, 10)).toEqual(['', '']);
  });

  it.each(['O"Brien, Ann', 'two\r\nlines', 'two\nlines', '"', ',', ''])(
    'is read back as %j',
    (name) => {
      const [record, ...rest] = parse(line(named(name)));
      expect(record?.[7]).toBe(name);
      expect(rest).toEqual([]);
    },
  );

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '＝1', '=HYPERLINK("x","y")'])(
    'runs no formula for %j',
    (name) => {
      expect(parse(line(named(name)))[0]?.[7]).toBe(`'${name}`);
    },
  );

  it.each(['\t', '\r', '\n', ' '])('runs no formula behind %j', (space) => {
    expect(parse(line(named(`${space}=1`)))[0]?.[7]).toBe(`${space}'=1`);
  });

  it.each([
    ['Ada;=1+1', "Ada;'=1+1"],
    ['Ada\t=1+1', "Ada\t'=1+1"],
    ['Ada\n@SUM(A1)', "Ada\n'@SUM(A1)"],
    ['Ada; =1+1;-2', "Ada; '=1+1;'-2"],
    ['Ada;"=1+1', `Ada;"'=1+1`],
    ['"=1+1', `"'=1+1`],
    ['Ada; b', 'Ada; b'],
  ])('runs no formula in %j if cells are separated otherwise', (name, shown) => {
    expect(parse(line(named(name)))[0]?.[7]).toBe(shown);
  });
});

it('costs little to write, whatever is in it', () => {
  const since = performance.now();
  expect(ACTIVITY_LINES.csv.line(named(`x${'\n'.repeat(100_000)}y`))).toContain('y');
  expect(performance.now() - since).toBeLessThan(1_000);
});

describe('JSON lines', () => {
  const { head, line } = ACTIVITY_LINES.json;

  it('have the fields of the entry and its time in words', () => {
    const { at: _, ...fields } = ENTRY;
    expect(head).toBe('');
    expect(JSON.parse(line(ENTRY))).toEqual({ ...fields, time: '2026-11-29T09:30:00.000Z' });
  });

  it('are single lines', () => {
    expect(line(named('two\nlines')).match(/\n/g)).toEqual(['\n']);
  });
});
