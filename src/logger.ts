/** JSON-lines logging: constant messages in the past tense, details as fields, and no token. */
import { type DestinationStream, type Logger, destination as openDestination, pino } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** Builds the process's logger; errors are logged under `err` with their cause and stack. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = standardOutput(),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    },
    destination,
  );
}

let output: DestinationStream | undefined;

/** The same for every logger, so that their lines stay in order. */
function standardOutput(): DestinationStream {
  output ??= linesOfTurns(openDestination(process.stdout.fd || 1));
  return output;
}

interface LineOutput extends DestinationStream {
  /** Called by pino after a fatal line. */
  flushSync(): void;
}

/** More is written before the turn ends. */
const MOST_KEPT = 65_536;

/**
 * Writes the lines of a turn of the event loop together when it ends, because each write costs as
 * much as several lines. A process that exits or crashes writes what is left; only one that is
 * killed may lose the lines of its last turn.
 */
export function linesOfTurns(destination: DestinationStream): LineOutput {
  let lines = '';
  const flushSync = () => {
    if (lines === '') return;
    const written = lines;
    lines = '';
    destination.write(written);
  };
  process.on('exit', flushSync);
  return {
    write: (line) => {
      if (lines === '') setImmediate(flushSync);
      lines += line;
      if (lines.length > MOST_KEPT) flushSync();
    },
    flushSync,
  };
}

let lastTime = 0;
let lastText = '';

/** Many lines are of the same millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastText = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastText;
}
