/** What becomes of an error: the answer, and what the log gets to know. */
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import { ScimError } from '../scim/error.ts';
import type { Answer } from './answer.ts';
import { errorAnswer } from './error.ts';

interface Refusals {
  /** The answer to a request that failed. */
  refuse(error: unknown, requestId: string): Answer;
  /** The directory has answered a request. */
  answered(): void;
}

/**
 * A defect is logged with its cause. Of a directory that is away there is one line when it stops
 * answering and one when it answers again, however many requests meet it.
 */
export function createRefusals(log: Logger): Refusals {
  const outage = new Outage();
  return {
    refuse: (error, requestId) => {
      if (!(error instanceof ScimError)) {
        log.error({ err: error, requestId }, 'a request failed');
      } else if (error.status === 503 && outage.begins()) {
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
