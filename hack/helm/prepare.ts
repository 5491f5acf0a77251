/** Gets helm 3 and helm 4, once, before several suites need them at the same time. */
import { GoBuildError } from '../go-program.ts';
import { HELM_MAJORS, helmProgram } from './programs.ts';

try {
  for (const major of HELM_MAJORS) await helmProgram(major);
} catch (error) {
  if (!(error instanceof GoBuildError)) throw error;
  process.stderr.write(
    `the tests of the chart will fail, because helm can't be built (${error.message}): install Go ` +
      '1.26 or newer, or let HELM_V3 and HELM_V4 name the programs\n',
  );
}
