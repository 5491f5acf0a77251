/** Runs the probe in a process of its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Target } from '../stage/server.ts';
import type { Probed } from './probe.ts';

export interface Probe {
  /** Waits until all answers have arrived. */
  stop(): Promise<Probed>;
}

export interface ProbeOptions {
  /** Processes whose CPU and memory are observed, with their descendants. */
  readonly pids: readonly number[];
  readonly everyMs?: number;
  readonly path?: string;
}

export async function startProbe(
  { base, token }: Target,
  { pids, everyMs = 5, path = '/ServiceProviderConfig' }: ProbeOptions,
): Promise<Probe> {
  const program = join(import.meta.dirname, 'probe.ts');
  const child = fork(program, [base, token, '0', pids.join(','), String(everyMs), path]);
  const nextMessage = () =>
    new Promise<unknown>((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`the probe ended with ${code}`)));
    });
  await nextMessage();
  return {
    stop: async () => {
      const probed = nextMessage();
      child.send('stop');
      return (await probed) as Probed;
    },
  };
}
