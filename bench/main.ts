/**
 * `make bench`: measures the built program on SQLite and on PostgreSQL, beside the least server
 * that can do the same work. It prints tables, and writes those of docs/performance.md and its
 * curves. The short form, QUICK=1, writes nothing and fails if a limit is broken.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type Closing, inScope, runTrial } from '../hack/trial.ts';
import { type Options, readOptions, type SectionName } from './options.ts';
import { boundsOf, broken } from './report/bounds.ts';
import { chartsOf } from './report/charts.ts';
import { replaceTables } from './report/page.ts';
import { peerTables } from './report/peers.ts';
import type { Results } from './report/results.ts';
import { merged, readSaved, save } from './report/saved.ts';
import { type Tables, tablesOf } from './report/tables.ts';
import { measureDisk } from './sections/disk.ts';
import { measureGrowth } from './sections/growth.ts';
import { measureInterference } from './sections/interference.ts';
import { measureLoad } from './sections/load.ts';
import { measureOverload } from './sections/overload.ts';
import { measurePooler, measureProcesses } from './sections/processes.ts';
import type { Context } from './sections/section.ts';
import { DATABASE_NAMES, type DatabaseKind, openDatabases } from './stage/databases.ts';
import { onEachDatabase } from './stage/each-database.ts';
import { temporaryFolder } from './stage/stage.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');
const PAGES = ['performance.md', 'guides/operations.md'].map((page) => join(DOCS, page));
const CURVES = join(DOCS, 'performance');
const SAVED = join(CURVES, 'results.json');

const started = performance.now();
const say = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line: string) => {
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

const MEASURES: Readonly<Record<SectionName, (context: Context) => Promise<unknown>>> = {
  load: measureLoad,
  growth: measureGrowth,
  processes: measureProcesses,
  pooler: measurePooler,
  disk: measureDisk,
  overload: measureOverload,
  interference: measureInterference,
};
const ONLY_POSTGRES: readonly SectionName[] = ['processes', 'pooler'];

async function measure(kind: DatabaseKind, options: Options, closing: Closing): Promise<Results> {
  const folder = temporaryFolder(closing);
  const databases = await openDatabases(kind, folder);
  closing.push(() => databases.stop());
  const results: Record<string, unknown> = {};
  for (const section of options.sections) {
    if (kind === 'sqlite' && ONLY_POSTGRES.includes(section)) continue;
    progress(`${DATABASE_NAMES[kind]}: ${section}`);
    results[section] = await inScope(closing, (inner) =>
      MEASURES[section]({ databases, folder, options, progress, closing: inner }),
    );
  }
  return { kind, ...results };
}

function shown(all: readonly Results[]): Tables {
  const tables: Record<string, string> = {};
  for (const results of all) {
    say(`\n${DATABASE_NAMES[results.kind]}`);
    for (const [name, text] of Object.entries(tablesOf(results))) {
      tables[name] = text;
      say(`\n${text}`);
    }
  }
  say();
  return { ...tables, ...peerTables(all) };
}

/** The short form. */
function judge(all: readonly Results[]): boolean {
  shown(all);
  const lines = all.flatMap((results) =>
    broken(boundsOf(results)).map((line) => `✗ ${DATABASE_NAMES[results.kind]}: ${line}`),
  );
  for (const line of lines) say(line);
  if (lines.length === 0) say('✓ every limit holds');
  return lines.length === 0;
}

function write(fresh: readonly Results[], machine: string): void {
  mkdirSync(CURVES, { recursive: true });
  const all = merged(readSaved(SAVED), fresh);
  save(SAVED, all);
  const tables = { ...shown(all), machine };
  for (const page of PAGES) writeFileSync(page, replaceTables(readFileSync(page, 'utf8'), tables));
  for (const [name, svg] of all.flatMap((results) => Object.entries(chartsOf(results))))
    writeFileSync(join(CURVES, name), svg);
  say('wrote docs/performance.md, docs/performance/ and docs/guides/operations.md');
}

await runTrial('bench', async (closing) => {
  const options = readOptions(process.env);
  const [processor] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const machine =
    `The last run was on ${date}, on ${cpus().length} cores (${processor?.model}), ` +
    `with Node.js ${process.versions.node}. ` +
    `The load average of the machine was ${load} before it began.`;
  say(machine);
  const all = await onEachDatabase(options.databases, closing, (kind, own) =>
    measure(kind, options, own),
  );
  if (options.quick) return judge(all);
  write(all, machine);
  return true;
});
