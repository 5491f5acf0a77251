/** Durations in the notation of Go and Kubernetes, in whole seconds. */

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * The largest unit comes first, and each at most once. Digits are bounded because the API server's
 * message about an overflow is of no help.
 */
export const DURATION_PATTERN =
  '^([0-9]{1,6}h([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}m([0-9]{1,6}s)?|[0-9]{1,6}s)$';

/** Returns the milliseconds of `90s` or `1h30m`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  const parts = text.matchAll(/([0-9]+)([hms])/g);
  return [...parts].reduce(
    (sum, [, digits, unit = '']) => sum + Number(digits) * (UNITS_MS[unit] ?? 0),
    0,
  );
}
