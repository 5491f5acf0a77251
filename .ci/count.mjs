// Counts the tests in vitest's JSON report: REPORT VERIFIED TESTED CONFORMED BUILT, all but the first being exit codes. What was
// skipped counts as failed, and so do a file that could not be run and a step that failed without a failed test to show for it.
import { readFileSync } from 'node:fs';

const [report, ...steps] = process.argv.slice(2);
const [verified, tested, conformed, built] = steps.map(Number);

let passed = 0;
let failed = 0;
for (const { status, assertionResults } of readFiles()) {
  const passing = assertionResults.filter((test) => test.status === 'passed').length;
  const others = assertionResults.length - passing;
  passed += passing;
  failed += status === 'passed' ? others : Math.max(others, 1);
}
if (tested !== 0 && failed === 0) failed = 1;
if (verified !== 0) failed += 1;
if (conformed !== 0) failed += 1;
if (built !== 0) failed += 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** None when vitest died before it wrote them: its exit code tells. */
function readFiles() {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}
