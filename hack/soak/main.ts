/**
 * `make soak`: causes random faults and changes for some minutes, then compares the expected with
 * the actual state. It exits with 1 if anything differs, and prints the seed, with which another
 * run chooses the same faults and changes.
 */
import { join } from 'node:path';
import { type Closing, runTrial } from '../trial.ts';
import { DATABASE_FAULTS, FAULTS, type Fault, KILLS } from './faults.ts';
import { type Footprint, footprintOf, growth, show } from './footprint.ts';
import { GROUP_BINDINGS } from './group-bindings.ts';
import { INTEGRATIONS } from './integrations.ts';
import type { Kind, RandomChange } from './kind.ts';
import { Random } from './random.ts';
import { SteadyTraffic } from './steady-traffic.ts';
import { createWorld, type World } from './world.ts';

const KINDS: readonly Kind[] = [INTEGRATIONS, GROUP_BINDINGS];

const FOLDER = join(import.meta.dirname, '..', '..', '.test', 'soak');
const NAMESPACE_COUNT = 4;
/** Longer than it takes to give up a watch that carries nothing any more. */
const CONVERGENCE_DEADLINE_MS = 180_000;
/** After this time, idle connections are closed and the statuses contain the last requests. */
const QUIET_MS = 20_000;

const started = performance.now();
const say = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line: string) => {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${seconds.padStart(6)} s  ${line}\n`);
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function numberFrom(name: string, fallback: number): number {
  const value = Number(process.env[name] || fallback);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name}=${process.env[name]} is not allowed; it must be a number above 0`);
}

async function soak(closing: Closing): Promise<readonly string[]> {
  const minutes = numberFrom('MINUTES', 3);
  const seed = Math.floor(numberFrom('SEED', 1 + Math.random() * (2 ** 32 - 2)));
  const onPostgres = process.env.DATABASE === 'postgres';
  const where = onPostgres ? 'PostgreSQL' : 'SQLite';
  say(`soak: ${minutes} minutes on ${where}, SEED=${seed}; the operator's log is in .test/soak`);
  const options = { namespaceCount: NAMESPACE_COUNT, onPostgres };
  const world = await createWorld(new Random(seed), FOLDER, options, closing);
  const traffic = await SteadyTraffic.start(world);
  const counts = new Map<string, number>();
  const before = await stress(world, minutes * 60_000, counts);
  progress('the faults are over');
  const wrong = await converge(world);
  const { answered, failures, excused } = await traffic.stop();
  await pause(QUIET_MS);
  const after = await footprintOf(world.operator);
  const late = (await differences(world)).filter((line) => !wrong.includes(line));

  say();
  for (const [name, count] of [...counts].sort()) say(`${String(count).padStart(6)} × ${name}`);
  say(
    `steady client: ${answered} succeeded, ${failures.length} failed, ${excused} failed while it was down`,
  );
  say(`after warm-up: ${show(before)}`);
  say(`at the end:    ${show(after)}`);
  return [
    ...wrong,
    ...late.map((line) => `after the rest period: ${line}`),
    ...failures.slice(0, 10).map((line) => `the steady client failed: ${line}`),
    ...growth(before, after),
    ...complaints(world),
  ];
}

/**
 * Makes changes all the time and causes one fault after the other. Returns the footprint after the
 * warm-up, which ends after the last kill.
 */
async function stress(
  world: World,
  milliseconds: number,
  counts: Map<string, number>,
): Promise<Footprint> {
  const end = performance.now() + milliseconds;
  const note = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const changing = changeUntil(end, world, world.random.fork(), note);
  const random = world.random.fork();
  const faults = { ...FAULTS, ...(world.postgres && DATABASE_FAULTS) };
  await faultsUntil(end - (milliseconds * 2) / 3, { ...faults, ...KILLS }, world, random, note);
  const footprint = await footprintOf(world.operator);
  await faultsUntil(end, faults, world, random, note);
  await changing;
  return footprint;
}

async function faultsUntil(
  end: number,
  faults: Readonly<Record<string, Fault>>,
  world: World,
  random: Random,
  note: (name: string) => void,
): Promise<void> {
  while (performance.now() < end) {
    const [name, fault] = random.pick(Object.entries(faults));
    progress(name);
    await fault(world, random);
    note(`fault: ${name}`);
    await pause(random.between(0, 3_000));
  }
}

async function changeUntil(
  end: number,
  world: World,
  random: Random,
  note: (name: string) => void,
): Promise<void> {
  const changes: readonly (readonly [string, RandomChange])[] = KINDS.flatMap((kind) =>
    Object.entries(kind.changes),
  );
  while (performance.now() < end) {
    const [name, change] = random.pick(changes);
    // The object may be gone, or the API server unreachable. Only the state in the end counts.
    const made = await change(world, random).then(
      () => true,
      () => false,
    );
    note(`change: ${name}${made ? '' : ' (refused)'}`);
    await pause(random.between(50, 400));
  }
}

async function differences(world: World): Promise<readonly string[]> {
  try {
    const found = await world.readDirectory((store) =>
      Promise.all(KINDS.map((kind) => kind.differences({ ...world, store }))),
    );
    return found.flat();
  } catch (error) {
    return [`the comparison failed: ${error instanceof Error ? error.message : error}`];
  }
}

/** Waits until nothing differs. At the deadline, returns what still does. */
async function converge(world: World): Promise<readonly string[]> {
  const since = performance.now();
  for (;;) {
    const wrong = await differences(world);
    const elapsed = performance.now() - since;
    if (wrong.length === 0) {
      progress(`everything is as expected, ${(elapsed / 1000).toFixed(1)} s after the last fault`);
      return [];
    }
    if (elapsed > CONVERGENCE_DEADLINE_MS) return wrong;
    await pause(500);
  }
}

/** The errors in the operator's log. */
function complaints({ operator }: World): readonly string[] {
  if (!operator.running) return ['the operator exited unexpectedly'];
  const lines = operator.log().split('\n');
  return lines.filter((line) => /"level":"(error|fatal)"/.test(line)).slice(0, 10);
}

await runTrial('soak', async (closing) => {
  const wrong = await soak(closing);
  say();
  for (const line of wrong) say(`✗ ${line}`);
  if (wrong.length === 0) say('✓ everything is as expected');
  return wrong.length === 0;
});
