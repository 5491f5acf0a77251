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
  // Synchronous, like Node's own output to a pipe: what a thread is writing at exit would be lost.
  output ??= linesTogether(openDestination({ dest: process.stdout.fd || 1, sync: true }));
  return output;
}

interface LineOutput extends DestinationStream {
  /** Called by pino after a fatal line. */
  flushSync?(): void;
}

const LATEST_MS = 10;
/** More is written at once. */
const MOST_KEPT = 65_536;

/**
 * Writes the lines of ten milliseconds together, because each write costs as much as several lines.
 * A process that exits or crashes writes what is left; only one that is killed may lose its last
 * lines.
 */
export function linesTogether(destination: LineOutput): LineOutput {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    const written = lines;
    lines = '';
    destination.write(written);
  };
  // Before the destination itself is ended.
  process.prependListener('beforeExit', flush);
  process.prependListener('exit', flush);
  return {
    write: (line) => {
      timer ??= setTimeout(flush, LATEST_MS).unref();
      lines += line;
      if (lines.length > MOST_KEPT) flush();
    },
    flushSync: () => {
      flush();
      destination.flushSync?.();
    },
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
