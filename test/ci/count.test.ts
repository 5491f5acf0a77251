import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'scim-operator-count-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

it.each<[string, object[] | undefined, number[], string, number]>([
  ['all passed', [file('passed', 'passed', 'passed')], [0, 0, 0, 0], '2 passed, 0 failed', 0],
  ['one failed', [file('failed', 'passed', 'failed')], [0, 1, 0, 0], '1 passed, 1 failed', 1],
  ['skipped', [file('passed', 'passed', 'pending', 'todo')], [0, 0, 0, 0], '1 passed, 2 failed', 1],
  [
    'a broken file',
    [file('failed'), file('passed', 'passed')],
    [0, 1, 0, 0],
    '1 passed, 1 failed',
    1,
  ],
  ['no report', undefined, [0, 1, 0, 0], '0 passed, 1 failed', 1],
  [
    'a failure without a failed test',
    [file('passed', 'passed')],
    [0, 1, 0, 0],
    '1 passed, 1 failed',
    1,
  ],
  ['a failed verify', [file('passed', 'passed')], [2, 0, 0, 0], '1 passed, 1 failed', 1],
  ['a failed conformance run', [file('passed', 'passed')], [0, 0, 2, 0], '1 passed, 1 failed', 1],
  ['a failed build', [file('passed', 'passed')], [0, 0, 0, 1], '1 passed, 1 failed', 1],
  ['no tests at all', [], [0, 0, 0, 0], '0 passed, 0 failed', 1],
])('counts %s', (name, testResults, exitCodes, line, exitCode) => {
  const report = join(folder, `${name}.json`);
  if (testResults !== undefined) writeFileSync(report, JSON.stringify({ testResults }));
  const { stdout, status } = spawnSync(
    process.execPath,
    ['.ci/count.mjs', report, ...exitCodes.map(String)],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe(`${line}\n`);
  expect(status).toBe(exitCode);
});
