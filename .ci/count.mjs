// Counts the tests in vitest's JSON reports. The arguments are STEP=EXITCODE… REPORT….
// The following count as failed:
// - a skipped test,
// - a file that could not be run,
// - a missing report, and
// - a failed step; the step `test` only if no failed test explains it.
import { readFileSync } from 'node:fs';

const given = process.argv.slice(2);
const steps = given.filter((each) => each.includes('=')).map((each) => each.split('='));
const reports = given.filter((each) => !each.includes('='));

let passed = 0;
let failed = 0;
for (const { status, assertionResults } of reports.flatMap(filesOf)) {
  const passing = assertionResults.filter((test) => test.status === 'passed').length;
  const others = assertionResults.length - passing;
  passed += passing;
  failed += status === 'passed' ? others : Math.max(others, 1);
}
const broken = steps.filter(([, exitCode]) => exitCode !== '0').map(([name]) => name);
failed += broken.filter((name) => name !== 'test').length;
if (broken.includes('test') && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** The report is missing if vitest crashed. */
function filesOf(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [{ status: 'failed', assertionResults: [] }];
  }
}
