/** Numbers, times and ids in words. */

/** Made when they are first needed: both take 15 ms, for which a start would wait. */
let numbers: Intl.NumberFormat | undefined;
let dates: Intl.DateTimeFormat | undefined;

/** With separators: 1,000,060. */
export function count(value: number): string {
  numbers ??= new Intl.NumberFormat('en');
  return numbers.format(value);
}

/** A number with its noun: `1 user`, `2 users`. */
export const countOf = (value: number, singular: string, plural = `${singular}s`): string =>
  `${count(value)} ${value === 1 ? singular : plural}`;

/** With a capital at the beginning. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Shortened in the middle. */
export const shortId = (id: string): string =>
  id.length <= 12 ? id : `${id.slice(0, 4)}…${id.slice(-4)}`;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A point in time relative to now, both in milliseconds since the epoch. */
export function timeInWords(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 5_000) return 'just now';
  if (distance > 60 * DAY) return dateOf(at);
  const words = spanInWords(distance);
  if (at > now) return `in ${words}`;
  return words === '1 day' ? 'yesterday' : `${words} ago`;
}

/** A duration in its largest unit. */
export function spanInWords(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return countOf(Math.floor(ms / DAY), 'day');
}

function dateOf(at: number): string {
  dates ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
  return dates.format(at);
}

/** To the second, in UTC. */
export const exactTime = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
