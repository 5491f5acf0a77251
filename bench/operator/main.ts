/**
 * `make bench-operator`: measures the operator with many integrations on a real API server. It
 * exits with 1 if a bound is broken.
 */
import { cpus } from 'node:os';
import { type Closing, runTrial } from '../../hack/trial.ts';
import { readOptions } from './options.ts';
import { coldStart, rest, restart, steadyChanges } from './phases.ts';
import { broken, tables } from './report.ts';
import { setStage } from './stage.ts';

const started = performance.now();
const say = (line = '') => process.stdout.write(`${line}\n`);
const progress = (line: string) => {
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

async function bench(closing: Closing): Promise<boolean> {
  const options = readOptions(process.env);
  const stage = await setStage(options, progress, closing);
  const cold = await coldStart(stage, options, progress);
  progress(`all are Ready after ${cold.seconds.toFixed(1)} s`);
  const again = await restart(stage, options);
  progress(`restarted, and at rest after ${again.seconds.toFixed(1)} s`);
  const resting = await rest(stage, options);
  progress(`measured at rest for ${options.restSeconds} s`);
  const load = await steadyChanges(stage, options);
  progress(`made ${load.timed.length} changes`);

  const measured = { cold, restart: again, rest: resting, load };
  const { integrations, namespaces, changesPerSecond } = options;
  const [processor] = cpus();
  say(
    `${integrations} integrations in ${namespaces} namespaces, ${changesPerSecond} changes a second; ${cpus().length} cores (${processor?.model}) shared with kube-apiserver, etcd, kube-controller-manager and the bench; Node.js ${process.versions.node}`,
  );
  say();
  say(tables(options, measured));
  const wrong = broken(measured);
  say();
  for (const line of wrong) say(`✗ ${line}`);
  if (wrong.length === 0) say('✓ every bound holds');
  return wrong.length === 0;
}

await runTrial('bench', bench);
