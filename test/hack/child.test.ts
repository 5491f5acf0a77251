import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChild } from '../../hack/process/child.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-child-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LISTENER = `const server = require('node:net').createServer();
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

it('a program ends and its folder is deleted when the process that started it is killed', async () => {
  const data = mkdtempSync(join(folder, 'data-'));
  const log = join(data, 'log');
  const parent = join(folder, 'parent.ts');
  const module = join(process.cwd(), 'hack/process/child.ts');
  writeFileSync(
    parent,
    `import { startChild, sweepAfterDeath } from ${JSON.stringify(module)};
    sweepAfterDeath(${JSON.stringify(data)});
    startChild(process.execPath, ['-e', ${JSON.stringify(LISTENER)}], ${JSON.stringify(log)});
    setInterval(() => undefined, 1e6);`,
  );
  const killed = spawn(process.execPath, [parent], { stdio: ['ignore', 'inherit', 'inherit'] });
  const port = await eventually(() => {
    const text = readFileSync(log, 'utf8');
    expect(text).toMatch(/^\d+\n$/);
    return Number(text);
  });
  expect(await isListening(port)).toBe(true);
  killed.kill('SIGKILL');
  await eventually(async () => {
    expect(await isListening(port)).toBe(false);
    expect(existsSync(data)).toBe(false);
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

it('a program that ignores SIGTERM is killed after the grace period', async () => {
  const ready = join(folder, 'ready');
  const script = `trap '' TERM; : > ${ready}; while :; do sleep 0.1; done`;
  const child = startChild('sh', ['-c', script], join(folder, 'stubborn.log'));
  await eventually(() => expect(existsSync(ready)).toBe(true));
  await child.stop('SIGTERM', 100);
  expect(await child.exited).toBe('SIGKILL');
  expect(child.running).toBe(false);
});

it('a program’s exit code is reported', async () => {
  const child = startChild('sh', ['-c', 'exit 3'], join(folder, 'exit.log'));
  expect(await child.exited).toBe('3');
});
