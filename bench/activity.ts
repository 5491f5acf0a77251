/**
 * Measures what the activity log costs SCIM writes. Two servers, one with and one without the log,
 * take turns under the same load, so that other work on the machine slows down both.
 * `node bench/activity.ts [ROUNDS] [SECONDS]` prints a table for SQLite and for PostgreSQL. It fails
 * if the mix needs less than 90 % of the CPU without the log, which is what limits the throughput.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../hack/postgres/start.ts';
import { type Child, startChild, sweepAfterDeath } from '../hack/process/child.ts';
import { connect, type Load, PHASES, type Phase } from './writes.ts';

const [rounds = 40, seconds = 0.25] = process.argv.slice(2).map(Number);
const LEAST_RATIO = 0.9;
const TICK_MS = 10;

interface Server {
  readonly child: Child;
  readonly load: Load;
}

interface Round {
  readonly count: number;
  readonly milliseconds: number;
  /** Of the server and the database. */
  readonly cpuMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'scim-bench-activity-'));
sweepAfterDeath(folder);

async function startServer(name: string, activity: 'on' | 'off', url: string): Promise<Server> {
  const log = join(folder, `${name}-${activity}`);
  const environment = { ...process.env, ACTIVITY: activity };
  const child = startChild(process.execPath, ['bench/serve.ts', url], log, environment);
  for (;;) {
    const [base = '', token = '', pid] = readFileSync(log, 'utf8').split(' ');
    if (pid !== undefined) return { child, load: await connect({ base, token }) };
    if (!child.running) throw new Error(`the server did not start:\n${base} ${token}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The CPU time of the process, its children and those that have ended, in milliseconds. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children.filter(Boolean).reduce((sum, child) => sum + cpuOf(Number(child)), own);
  } catch {
    return 0;
  }
}

async function measure(phase: Phase, server: Server, database: number[]): Promise<Round> {
  const pids = [server.child.pid, ...database];
  const cpu = () => pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
  const [before, start] = [cpu(), performance.now()];
  const count = await server.load.run(phase, seconds * 1000);
  return { count, milliseconds: performance.now() - start, cpuMs: cpu() - before };
}

const sum = (rounds: readonly Round[], key: keyof Round): number =>
  rounds.reduce((total, round) => total + round[key], 0);
const perSecond = (rounds: readonly Round[]): number =>
  (sum(rounds, 'count') * 1000) / sum(rounds, 'milliseconds');
const cpuMs = (rounds: readonly Round[]): number => sum(rounds, 'cpuMs') / sum(rounds, 'count');

/** Returns the ratio of the CPU in the last phase, the mix. */
async function compare(
  name: string,
  urls: { readonly on: string; readonly off: string },
  database: number[],
): Promise<number> {
  const on = await startServer(name, 'on', urls.on);
  const off = await startServer(name, 'off', urls.off);
  console.log(`\n| ${name} | with the log, req/s | without | ratio | CPU, ms | without | ratio |`);
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  const ratios: number[] = [];
  for (const phase of Object.keys(PHASES) as Phase[]) {
    const [withLog, without]: [Round[], Round[]] = [[], []];
    for (let round = -1; round < rounds; round++) {
      const onFirst = round % 2 === 0;
      const first = await measure(phase, onFirst ? on : off, database);
      const second = await measure(phase, onFirst ? off : on, database);
      // The first pair warms up.
      if (round < 0) continue;
      withLog.push(onFirst ? first : second);
      without.push(onFirst ? second : first);
    }
    const ratio = cpuMs(without) / cpuMs(withLog);
    ratios.push(ratio);
    const cells = [
      perSecond(withLog).toFixed(0),
      perSecond(without).toFixed(0),
      (perSecond(withLog) / perSecond(without)).toFixed(2),
      cpuMs(withLog).toFixed(2),
      cpuMs(without).toFixed(2),
      ratio.toFixed(2),
    ];
    console.log(`| ${phase} | ${cells.join(' | ')} |`);
  }
  for (const { child, load } of [on, off]) {
    load.close();
    await child.stop('SIGINT');
  }
  return ratios.at(-1) ?? 0;
}

const file = (name: string) => `file:${join(folder, name)}`;
const least = [await compare('SQLite', { on: file('on.db'), off: file('off.db') }, [])];

const postgres = await startPostgres();
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
for (const name of ['bench_on', 'bench_off']) await client.query(`CREATE DATABASE ${name}`);
await client.end();
const postmaster = Number(
  readFileSync(join(postgres.data, 'postmaster.pid'), 'utf8').split('\n')[0],
);
const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: name }).href;
const urls = { on: urlOf('bench_on'), off: urlOf('bench_off') };
least.push(await compare('PostgreSQL', urls, [postmaster]));
await postgres.stop();

process.exitCode = Math.min(...least) < LEAST_RATIO ? 1 : 0;
