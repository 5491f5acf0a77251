/** Durations as Go and Kubernetes write them. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Digits are bounded, because the API server's own words about an overflow help nobody. */
export const DURATION_PATTERN = '^([0-9]{1,6}(ms|s|m|h)){1,4}$';

/** Milliseconds of `90s`, `1h30m`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  const parts = text.matchAll(/([0-9]+)(ms|s|m|h)/g);
  return [...parts].reduce(
    (sum, [, digits, unit = '']) => sum + Number(digits) * (UNITS_MS[unit] ?? 0),
    0,
  );
}
