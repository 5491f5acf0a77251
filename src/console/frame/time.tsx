/** A time in words, with the exact one on hover. */
import { exactTime, timeInWords } from './words.ts';

interface TimeProps {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly now: number;
}

export const Time = ({ at, now }: TimeProps) => (
  <time datetime={new Date(at).toISOString()} title={exactTime(at)}>
    {timeInWords(at, now)}
  </time>
);
