/** `probe`: runs a probe and prints its report. */
import type { ProbeConfig } from '../config/command-options.ts';
import { probe, type StepReport } from '../probe/probe.ts';
import { formatStep, formatSummary, formatTitle } from '../probe/report.ts';
import { SEQUENCES } from '../probe/sequences.ts';

interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Resolves with the exit code: 0 if every step passed and nothing was left behind, otherwise 1. */
export async function runProbe(
  { idp, url, token, json }: ProbeConfig,
  { stdout, stderr }: Output,
  stop: AbortSignal,
): Promise<number> {
  const say = (text: string) => stdout.write(`${text}\n`);
  const complain = (text: string) => stderr.write(`scim-operator: ${text}\n`);
  stop.addEventListener('abort', () =>
    complain('interrupted; cleaning up. Interrupt again to exit immediately'),
  );
  let titled = false;
  const onStep = (step: StepReport) => {
    if (!titled) say(formatTitle(SEQUENCES[idp].client, url));
    titled = true;
    say(formatStep(step));
  };
  const report = await probe({
    idp,
    baseUrl: url,
    token,
    stop,
    ...(json ? {} : { onStep }),
  });
  if (json) say(JSON.stringify(report, null, 2));
  else if (report.failure === null) say(`\n${formatSummary(report)}`);
  if (report.failure !== null) complain(`${url} can't be probed: ${report.failure}`);
  return report.passed ? 0 : 1;
}
