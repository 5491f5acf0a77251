/** The log of a process: its lines, and that none is lost at its end. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogger, linesTogether } from '../src/logger.ts';
import { eventually } from './support/eventually.ts';

const LOGGER = join(import.meta.dirname, '../src/logger.ts');

/** The messages that a process logs which runs the script, and its exit code. */
function logged(script: string) {
  const whole = `import { createLogger } from ${JSON.stringify(LOGGER)}; ${script}`;
  const given = ['--input-type=module', '--no-warnings', '--eval', whole];
  const { stdout, status } = spawnSync(process.execPath, given, { encoding: 'utf8' });
  const lines: { msg: string }[] = stdout.split('\n').flatMap((line) => line && JSON.parse(line));
  return { messages: lines.filter(Boolean).map(({ msg }) => msg), status };
}

describe('the log of a process', () => {
  it('has every line, in order, of one that ends by itself', () => {
    const script = `
      const [one, two] = [createLogger('info'), createLogger('info')];
      one.info('a'); two.info('b'); one.info('c');
      setTimeout(() => two.info('d'), 50);
    `;
    expect(logged(script)).toEqual({ messages: ['a', 'b', 'c', 'd'], status: 0 });
  });

  it('has every line of one that exits while lines are being written', () => {
    const script = `
      const log = createLogger('info');
      for (let n = 0; n < 3000; n++) log.info('x'.repeat(90));
      setTimeout(() => {
        for (let n = 0; n < 2000; n++) log.info('x'.repeat(90));
        process.exit(0);
      }, 11);
    `;
    const { messages, status } = logged(script);
    expect({ count: messages.length, status }).toEqual({ count: 5000, status: 0 });
  });

  it('has every line of one that exits in the middle of a turn', () => {
    const script = `createLogger('info').info('a'); process.exit(3);`;
    expect(logged(script)).toEqual({ messages: ['a'], status: 3 });
  });

  it('has every line of one that crashes', () => {
    const script = `
      const log = createLogger('info');
      process.on('uncaughtException', () => { log.fatal('c'); process.exit(70); });
      setImmediate(() => { log.info('a'); log.info('b'); throw new Error('defect'); });
    `;
    expect(logged(script)).toEqual({ messages: ['a', 'b', 'c'], status: 70 });
    expect(logged(`createLogger('info').info('a'); throw new Error('defect');`)).toEqual({
      messages: ['a'],
      status: 1,
    });
  });

  it('is written in few pieces', async () => {
    const writes: string[] = [];
    const log = createLogger('info', linesTogether({ write: (text) => writes.push(text) }));
    for (let n = 0; n < 10; n++) log.info({ n }, 'a line');
    expect(writes).toEqual([]);
    await eventually(() => expect(writes.join('').split('\n')).toHaveLength(11));
    expect(writes).toHaveLength(1);
    expect(writes.join('')).toMatch(/^{"level":"info","time":"[^"]+","n":0,"msg":"a line"}\n/);
    for (let n = 0; n < 20; n++) log.info('x'.repeat(10_000));
    expect(writes.length).toBeGreaterThan(1);
    log.fatal('the last line');
    expect(writes.at(-1)).toContain('the last line');
  });
});
