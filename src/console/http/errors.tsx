/** Errors as pages: what happened, what is unchanged, what to do, and the id of the request. */

import { BusyError } from '../../access/concurrency-limit.ts';
import { AccessError } from '../../access/error.ts';
import { CursorError } from '../../directory/store/cursor-error.ts';
import { ApiError } from '../../kube/errors.ts';
import type { Logger } from '../../logger.ts';
import { ScimError } from '../../scim/error.ts';
import type { ConsoleRequest } from '../context.ts';
import { show, showPlain } from '../frame/page.tsx';
import { PageError, wrongCursor } from '../frame/page-error.ts';
import { capital } from '../frame/words.ts';

/** Messages begin in lower case and have no full stop. */
const sentence = (message: string): string => `${capital(message)}.`;

const RETRY_SECONDS = 5;

const MAYBE_UNCHANGED = 'If you were changing something, look whether it took effect.';

/** Errors of the directory and of the API server say what is unreachable, and nothing else. */
function pageErrorOf(error: unknown, log: Logger): PageError {
  if (error instanceof PageError) return error;
  if (error instanceof CursorError) return wrongCursor();
  if (error instanceof ScimError && error.status === 503) {
    log.warn({ err: error }, 'the directory was unavailable for a page');
    return new PageError(503, 'The directory is unavailable', {
      unchanged: MAYBE_UNCHANGED,
      advice: 'Try again in a minute. If it stays like this, tell an administrator of the cluster.',
      retryAfter: 60,
    });
  }
  if (error instanceof AccessError) {
    log.warn({ err: error }, 'permissions could not be checked for a page');
    return new PageError(503, 'Your permissions could not be checked', {
      unchanged: 'Nothing was changed.',
      advice: sentence(error.message),
      retryAfter: RETRY_SECONDS,
    });
  }
  if (error instanceof BusyError) {
    return new PageError(503, 'You are loading this page already', {
      unchanged: 'Nothing was changed.',
      advice: `${sentence(error.message)} Wait for them, and try again.`,
      retryAfter: RETRY_SECONDS,
    });
  }
  if (error instanceof ApiError) {
    log.warn({ err: error }, 'the API server refused or failed a call for a page');
    return new PageError(502, 'The Kubernetes API did not do what the page needs', {
      unchanged: MAYBE_UNCHANGED,
      advice:
        'Try again in a minute. The log of scim-operator has the reason under the id of the request.',
    });
  }
  log.error({ err: error }, 'a page failed');
  return new PageError(500, 'The page failed because of a defect', {
    unchanged: MAYBE_UNCHANGED,
    advice:
      'Please report it. The log of scim-operator has the reason under the id of the request.',
  });
}

export async function showError(c: ConsoleRequest, error: unknown, log: Logger): Promise<Response> {
  const requestId = c.get('requestId');
  const page = pageErrorOf(error, log.child({ requestId }));
  const frame = { title: page.title, status: page.status };
  const content = <ErrorText error={page} requestId={requestId} />;
  // The navigation needs the API server, which may be what failed.
  const response = await show(c, frame, content).catch(() => showPlain(frame, content));
  if (page.retryAfter !== undefined) response.headers.set('Retry-After', String(page.retryAfter));
  return response;
}

const ErrorText = ({ error, requestId }: { error: PageError; requestId: string }) => (
  <section class="card">
    <div class="body">
      {error.unchanged !== undefined && <p>{error.unchanged}</p>}
      <p>{error.advice}</p>
      <p class="sub">
        Request <code>{requestId}</code>
      </p>
      <div class="buttons">
        <a class="button" href="/console">
          Start page
        </a>
        <a class="button" href="/console/me">
          What may I do?
        </a>
      </div>
    </div>
  </section>
);
