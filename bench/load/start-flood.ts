/** Runs a flood in a process of its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Flood, Flooded } from './flood.ts';

export function startFlood(order: Flood): Promise<Flooded> {
  const child = fork(join(import.meta.dirname, 'flood.ts'));
  return new Promise((resolve, reject) => {
    child.once('message', (flooded) => resolve(flooded as Flooded));
    child.once('exit', (code) => reject(new Error(`the flood ended with ${code}`)));
    child.send(order);
  });
}
