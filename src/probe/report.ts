/** Formats the report of a probe as text. */
import type { ProbeReport, StepReport } from './probe.ts';

const MARKS = { passed: '✓', failed: '✗', skipped: '-' } as const;
const NAME_WIDTH = 58;

export function formatTitle(client: string, url: string): string {
  return `${client} → ${url}\n`;
}

export function formatStep(step: StepReport): string {
  const { outcome, name, method, path, status, durationMs, expected, actual, hint, reason } = step;
  const code = outcome === 'skipped' ? '---' : String(status ?? '---');
  const time = durationMs === null ? '' : `${durationMs} ms`;
  const head =
    `${MARKS[outcome]} ${name.padEnd(NAME_WIDTH)} ${code} ${time.padStart(8)}  ${method} ` +
    `${readable(path)}`;
  const details: readonly (readonly [string, string | undefined])[] = [
    ['expected', expected],
    ['actual', actual],
    ['hint', hint],
    ['skipped', reason],
  ];
  const lines = details
    .filter(([, text]) => text !== undefined)
    .map(([label, text]) => `      ${`${label}:`.padEnd(10)}${text}`);
  return [head, ...lines].join('\n');
}

export function formatSummary({ summary, durationMs, cleanup, run }: ProbeReport): string {
  const { passed, failed, skipped } = summary;
  const total = passed + failed + skipped;
  const counts =
    `${passed} of ${total} steps passed, ${failed} failed, ${skipped} skipped, in ` +
    `${(durationMs / 1000).toFixed(1)} s.`;
  const { deleted, left } = cleanup;
  if (left.length === 0) {
    return `${counts}\nCleaned up: the probe deleted everything it created (${deleted} at the end).`;
  }
  const lines = left.map(({ path, name, reason }) => `  ${path}  ${name}: ${reason}`);
  return [
    counts,
    `Could not delete the following; please delete them (their names contain scim-probe-${run}):`,
    ...lines,
  ].join('\n');
}

/**
 * Decodes percent-encoding, which is hard to read. A path that can't be decoded is left as it is.
 */
function readable(path: string): string {
  try {
    return decodeURIComponent(path).replaceAll(/\p{Cc}/gu, '�');
  } catch {
    return path;
  }
}
