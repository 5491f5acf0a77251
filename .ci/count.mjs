// Counts the tests in vitest's JSON report. What was skipped counts as failed, and so does a step that failed
// without a failed test to show for it.
import { readFileSync } from 'node:fs';

const [report, ...steps] = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  const results = JSON.parse(readFileSync(report, 'utf8'));
  passed = results.numPassedTests;
  failed = results.numTotalTests - passed;
} catch {
  failed = 1;
}
const [verified, tested, built] = steps.map(Number);
if (verified !== 0) failed += 1;
if (built !== 0) failed += 1;
if (tested !== 0 && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
