/** Turns an error into a response and a line in the log. */
import { DatabaseFullError, LockTimeoutError } from '../directory/database-errors.ts';
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import { ScimError } from '../scim/error.ts';
import type { Answer } from './answer.ts';
import { errorAnswer } from './error.ts';

interface Refusals {
  /** The response to a request that failed. */
  refuse(error: unknown, requestId: string): Answer;
  /** Call this when the directory has responded to a request. */
  answered(): void;
}

/**
 * A defect is logged with its cause. When the directory becomes unreachable, one line is logged,
 * and another when it is reachable again, however many requests fail in between.
 */
export function createRefusals(log: Logger): Refusals {
  const outage = new Outage();
  return {
    refuse: (error, requestId) => {
      if (!(error instanceof ScimError)) {
        log.error({ err: error, requestId }, 'a request failed');
      } else if (error.cause instanceof DatabaseFullError) {
        // Reads still work. One line about it is logged where the directory is opened.
      } else if (error.cause instanceof LockTimeoutError) {
        // Other changes stand in the way; the directory is there.
      } else if (error.status === 503 && error.cause !== undefined && outage.begins()) {
        // A 503 without a cause says the same.
        const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
        log.warn({ reason }, 'the directory is unreachable; requests are refused with 503');
      }
      return errorAnswer(error);
    },
    answered: () => {
      if (outage.ends()) log.info('the directory is reachable again');
    },
  };
}
