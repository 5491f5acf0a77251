/** A logger that keeps its lines. */
import { createLogger, type Logger } from '../../src/logger.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface CapturedLog {
  readonly log: Logger;
  /** The lines so far. */
  readonly lines: readonly LogLine[];
}

export function captureLog(): CapturedLog {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { log: createLogger('debug', destination), lines };
}
