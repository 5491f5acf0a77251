/** The command `probe`: what is printed where. */
import type { ProbeConfig } from './config.ts';
import { probe } from './probe/probe.ts';
import { formatJson, formatStep, formatSummary, withoutToken } from './probe/report.ts';

interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Resolves with the exit code: 0 when every step passed and nothing was left behind, otherwise 1. */
export async function runProbe(
  { idp, url, token, json }: ProbeConfig,
  { stdout, stderr }: Output,
  stop: AbortSignal,
): Promise<number> {
  const say = (text: string) => stdout.write(`${withoutToken(text, token)}\n`);
  const onStep = json
    ? {}
    : { onStep: (step: Parameters<typeof formatStep>[0]) => say(formatStep(step)) };
  stop.addEventListener('abort', () =>
    stderr.write('scim-operator: interrupted, cleaning up; a second time ends at once\n'),
  );
  const report = await probe({ idp, baseUrl: url, token, stop, ...onStep });
  if (json) stdout.write(`${formatJson(report, token)}\n`);
  else if (report.failure === null) say(`\n${formatSummary(report)}`);
  if (report.failure !== null) {
    const failure = withoutToken(report.failure, token);
    stderr.write(`scim-operator: ${url} can't be probed: ${failure}\n`);
  }
  return report.passed ? 0 : 1;
}
