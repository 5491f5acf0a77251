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

type Report = object[] | undefined;

it.each<[string, Report[], string, string, number]>([
  ['all passed', [[file('passed', 'passed', 'passed')]], '', '2 passed, 0 failed', 0],
  [
    'several reports',
    [[file('passed', 'passed')], [file('passed', 'passed', 'passed')]],
    '',
    '3 passed, 0 failed',
    0,
  ],
  ['one failed', [[file('failed', 'passed', 'failed')]], 'test', '1 passed, 1 failed', 1],
  ['skipped', [[file('passed', 'passed', 'pending', 'todo')]], '', '1 passed, 2 failed', 1],
  ['a broken file', [[file('failed'), file('passed', 'passed')]], 'test', '1 passed, 1 failed', 1],
  ['no report', [undefined], 'test', '0 passed, 1 failed', 1],
  ['one report of two', [[file('passed', 'passed')], undefined], 'test', '1 passed, 1 failed', 1],
  [
    'a failure without a failed test',
    [[file('passed', 'passed')]],
    'test',
    '1 passed, 1 failed',
    1,
  ],
  ['a failed step', [[file('passed', 'passed')]], 'verify', '1 passed, 1 failed', 1],
  ['no tests at all', [[]], '', '0 passed, 0 failed', 1],
])('counts %s', (name, reports, broken, line, exitCode) => {
  const paths = reports.map((testResults, index) => {
    const path = join(folder, `${name} ${index}.json`);
    if (testResults !== undefined) writeFileSync(path, JSON.stringify({ testResults }));
    return path;
  });
  const steps = ['verify', 'test', 'build'].map((step) => `${step}=${step === broken ? 2 : 0}`);
  const { stdout, status } = spawnSync(process.execPath, ['.ci/count.mjs', ...steps, ...paths], {
    encoding: 'utf8',
  });
  expect(stdout).toBe(`${line}\n`);
  expect(status).toBe(exitCode);
});
