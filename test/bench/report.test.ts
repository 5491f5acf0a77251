import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ATTACKS } from '../../bench/interference/attacks.ts';
import { PHASES, type Phase } from '../../bench/load/phases.ts';
import type { Probed } from '../../bench/load/probe.ts';
import { ratioOf } from '../../bench/measure/costs.ts';
import { OF_GROUPS } from '../../bench/measure/groups.ts';
import { OF_USERS } from '../../bench/measure/growth.ts';
import { type Throughput, throughputOf } from '../../bench/measure/throughput.ts';
import { powersUpTo, readOptions } from '../../bench/options.ts';
import { boundsOf, broken } from '../../bench/report/bounds.ts';
import { decades, spreadLabels, svgOf } from '../../bench/report/chart.ts';
import { chartsOf } from '../../bench/report/charts.ts';
import { replaceTables } from '../../bench/report/page.ts';
import { peerTables } from '../../bench/report/peers.ts';
import type { Results } from '../../bench/report/results.ts';
import { merged, readSaved, save } from '../../bench/report/saved.ts';
import { figure, table } from '../../bench/report/table.ts';
import { tablesOf } from '../../bench/report/tables.ts';
import type { DatabaseKind } from '../../bench/stage/databases.ts';

const record = <Name extends string, T>(names: readonly Name[], value: (name: Name) => T) =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, T>;

const throughput = (perSecond: number): Throughput => ({
  perSecond,
  cpuMs: 500 / perSecond,
  p50: 8,
  p99: 20,
  errors: 0,
  wrong: 0,
  problem: undefined,
});

const probed: Probed = {
  count: 100,
  p50: 1,
  p99: 7,
  max: 9,
  sentLate: 1,
  refused: {},
  seconds: 1,
  cpuMs: 10,
  peakBytes: 1e8,
};

/** `slow` costs ten times as much in the largest directory. */
function resultsOf(kind: DatabaseKind, slow: readonly string[] = [], rate = 4_000): Results {
  const sizes = [100, 1_000, 10_000];
  const costs = (name: string) =>
    sizes.map((_, index) => [1, 2, 3].map((ms) => (slow.includes(name) ? ms * 10 ** index : ms)));
  const parallel = { changes: 300, lost: 0, refused: 0, milliseconds: 9 };
  const compared = { without: throughput(1_000), with: throughput(2_000) };
  const beside = { own: throughput(rate), ceiling: throughput(5_000) };
  const cost = { own: [2, 3], ceiling: [2, 2] };
  const phases = record<Phase, typeof compared>(PHASES, () => compared);
  return {
    kind,
    load: {
      users: 10_000,
      phases: record(PHASES, () => beside),
      patchOfMany: cost,
      parallel: { own: parallel, ceiling: parallel },
      bulk: { bulkMs: 100, singleMs: 600 },
    },
    growth: {
      users: { sizes, costs: record(OF_USERS, costs) },
      groups: { sizes, costs: record(OF_GROUPS, costs) },
      fill: { own: 40_000, ceiling: 80_000 },
      largest: cost,
      besideLargest: probed,
      walk: { users: 10_000, index: { own: 900, ceiling: 1_000 }, cursor: 950 },
      largestDirectory: {
        users: 10_000,
        serverBytes: 1e8,
        databaseBytes: 0,
        diskBytes: 2e7,
        readyMs: 300,
      },
    },
    ...(kind === 'postgres' && { processes: { phases, parallel }, pooler: phases }),
    overload: {
      capacity: 4_000,
      flooded: {
        offered: 48_000,
        accepted: 30_000,
        p50: 90,
        p99: 120,
        refused: 18_000,
        failed: 0,
        seconds: 6,
      },
      others: probed,
    },
    interference: record(ATTACKS, () => ({
      others: probed,
      live: probed,
      ready: probed,
      answers: { 200: 5, 429: 15 },
      seconds: 1,
      failed: 0,
    })),
    disk: {
      phases: { create: beside, patch: beside, put: beside, mix: beside },
      alone: cost,
    },
  };
}

it('a throughput is the median of the rounds, and its CPU is that of all requests', () => {
  const round = { milliseconds: 500, p50: 1, p99: 2, errors: 0, wrong: 0, problem: undefined };
  const measured = throughputOf([
    { ...round, count: 100, cpuMs: 10 },
    { ...round, count: 300, cpuMs: 20, wrong: 1, problem: 'got another user' },
    { ...round, count: 200, cpuMs: 30 },
  ]);

  expect(measured).toMatchObject({ perSecond: 400, cpuMs: 0.1, wrong: 1 });
  expect(measured.problem).toBe('got another user');
});

it('a ratio compares rounds that followed each other', () => {
  expect(ratioOf([10, 200, 30], [10, 100, 10])).toBe(2);
});

it('numbers have three digits, and a table has its first column as text', () => {
  expect([0.0123, 1.234, 45.67, 123.4, 98_765.4, 0, Number.NaN].map(figure)).toEqual([
    '0.012',
    '1.23',
    '45.7',
    '123',
    '98,765',
    '0',
    '–',
  ]);
  expect(table(['', 'a'], [['b', '1']])).toBe('|  | a |\n|---|---:|\n| b | 1 |');
});

it('every table has its place in a page, and a place keeps what was not measured', () => {
  const all = [resultsOf('sqlite'), resultsOf('postgres')];
  const machine = 'The last run was on this machine.';
  const tables = { machine, ...Object.assign({}, ...all.map(tablesOf)), ...peerTables(all) };
  const pages = ['docs/performance.md', 'docs/guides/operations.md'].map((page) =>
    readFileSync(page, 'utf8'),
  );

  const written = pages.map((page) => replaceTables(page, tables)).join('\n');
  for (const [name, text] of Object.entries(tables))
    expect(written, name).toContain(`<!-- bench: ${name} -->\n\n${text}\n\n<!-- end -->`);
  const places = pages.flatMap((page) => [...page.matchAll(/<!-- bench: (\S+) -->/g)]);
  expect(places.map(([, name]) => name).toSorted()).toEqual(Object.keys(tables).toSorted());
  expect(pages.map((page) => replaceTables(page, {}))).toEqual(pages);
});

it('tables show shares, ratios and medians', () => {
  const tables = tablesOf(resultsOf('sqlite', ['add']));

  expect(tables['load-sqlite']).toContain('| GET by id | 4,000 | 5,000 | 80 % | 0.125 | 0.100 |');
  expect(tables['groups-sqlite']).toContain('| add one member | 2.00 | 20.0 | 200 | 100 |');
  expect(tables['more-sqlite']).toContain('| disk for each user, kB | 2.00 |');
  expect(tables['overload-sqlite']).toContain('| … refused or lost | 0 |');
  expect(tables['processes-sqlite']).toBeUndefined();
  expect(tablesOf({ kind: 'sqlite' })).toEqual({});
});

it('the short form fails on growth and on a small share, and not on a goal that is nearly met', () => {
  expect(broken(boundsOf(resultsOf('sqlite')))).toEqual([]);
  expect(broken(boundsOf(resultsOf('postgres', [], 2_000)))).toEqual([]);
  expect(broken(boundsOf(resultsOf('sqlite', ['isMember'])))).toEqual([
    '`id eq … and members eq …`: cost at 10,000 ÷ at 100 is 100 ×, more than 3.90 ×',
  ]);
  const slow = broken(boundsOf(resultsOf('sqlite', [], 100)));
  expect(slow).toHaveLength(PHASES.length);
  expect(slow).toContain('GET by id: share of the ceiling is 2 %, less than 10 %');
});

it('a wrong answer and a lost change break the short form', () => {
  const results = resultsOf('postgres');
  const { load } = results;
  if (load === undefined) throw new Error('there is no load');
  const { own } = load.parallel;
  const parallel = { ...load.parallel, own: { ...own, lost: 1 } };
  const wrong = { ...load.phases.put, own: { ...throughput(4_000), wrong: 2 } };
  const phases = { ...load.phases, put: wrong };

  expect(broken(boundsOf({ ...results, load: { ...load, phases, parallel } }))).toEqual([
    'refused requests and wrong answers is 2, more than 0',
    '300 parallel changes of a group: lost is 1, more than 0',
  ]);
});

it('a failure under overload or beside an attack breaks the short form', () => {
  const results = resultsOf('sqlite');
  const { overload, interference } = results;
  if (overload === undefined || interference === undefined) throw new Error('a section is missing');
  const failing = {
    ...results,
    overload: {
      ...overload,
      flooded: { ...overload.flooded, failed: 3 },
      others: { ...overload.others, refused: { 429: 1, lost: 1 } },
    },
    interference: { ...interference, largePuts: { ...interference.largePuts, failed: 1 } },
  };

  expect(broken(boundsOf(failing))).toEqual([
    'twice the load: failures and refusals without Retry-After is 3, more than 0',
    'twice the load: refused and lost requests of another tenant is 2, more than 0',
    '20 PUTs at once of a group with 300,000 members: others refused, and unclear answers is 1, ' +
      'more than 0',
  ]);
});

it('a run of some sections leaves the others as they were saved', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-report-'));
  const file = join(folder, 'results.json');
  expect(readSaved(file)).toEqual([]);
  const [before, after] = [resultsOf('sqlite'), resultsOf('sqlite', ['get'], 1_000)];
  save(file, [before, resultsOf('postgres')]);

  const { kind, load } = after;
  const [sqlite, postgres] = merged(readSaved(file), [{ kind, ...(load && { load }) }]);
  expect(sqlite).toEqual({ ...before, load });
  expect(postgres).toEqual(resultsOf('postgres'));
  rmSync(folder, { recursive: true });
});

it('curves are drawn between the decades of their values, and labels do not overlap', () => {
  expect(decades([0.3, 20])).toEqual([0.1, 1, 10, 100]);
  expect(decades([1])).toEqual([1, 10]);
  expect(spreadLabels([100, 40, 101])).toEqual([100, 40, 117]);
  const chart = { title: 'a < b', unit: 'users', sizes: [100, 10_000] };
  const svg = svgOf({ ...chart, curves: [{ name: 'GET', values: [1, 10] }] });
  expect(svg).toContain('points="56,352 520,44"');
  expect(svg).toContain('a &#60; b');
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(Object.keys(chartsOf(resultsOf('sqlite')))).toEqual([
    'users-sqlite.svg',
    'groups-sqlite.svg',
  ]);
});

it('the options are read from the environment', () => {
  expect(powersUpTo(20_000, 1_000)).toEqual([1_000, 10_000, 20_000]);
  expect(powersUpTo(100_000, 1_000)).toEqual([1_000, 10_000, 100_000]);
  expect(readOptions({ SIZE: '1000000' }).members).toEqual([100, 1_000, 10_000, 100_000]);
  expect(readOptions({ QUICK: '1' }).sections).toEqual(['load', 'growth']);
  expect(readOptions({ ONLY: 'disk,load', DATABASE: 'postgres' })).toMatchObject({
    sections: ['load', 'disk'],
    databases: ['postgres'],
  });
  expect(() => readOptions({ ONLY: 'speed' })).toThrow('ONLY=speed is not allowed');
  expect(() => readOptions({ SIZE: '10' })).toThrow('SIZE=10 is not allowed');
});
