/** What to do about a response. */
import { isJsonObject } from '../scim/json.ts';
import type { Reply } from './exchange.ts';
import { describeStatus, type StepResult } from './player.ts';

/**
 * Says in one line why the first response leaves no point in going on, for example because the URL
 * or the token is wrong. Undefined if a SCIM server responded.
 */
export function findRefusal({ answer, problem }: StepResult): string | undefined {
  if (answer === undefined) return problem?.actual;
  const { status, headers, body } = answer;
  const received = describeStatus(status, body);
  if (status === 401) {
    return (
      `the token was not accepted: status ${received}; take the token and the endpoint from the ` +
      'Secret of the same ScimIntegration'
    );
  }
  if (status === 403) {
    return (
      `the token was accepted, but the request was not: status ${received}; check that the ` +
      'integration is enabled and that its namespace is allowed in the tenant'
    );
  }
  if (status === 404) {
    return (
      `there is no SCIM endpoint at this URL: status ${received}; use status.endpoint of the ` +
      'ScimIntegration, which ends in /scim/v2'
    );
  }
  if (status >= 300 && status < 400) {
    return (
      `the URL redirects to ${JSON.stringify(headers.get('location'))} (status ${status}), ` +
      "which identity providers don't follow; use status.endpoint of the ScimIntegration, which " +
      'ends in /scim/v2'
    );
  }
  if (headers.get('content-type')?.startsWith('text/html')) {
    return (
      `there is a web page at this URL (status ${status}), not a SCIM endpoint; use ` +
      'status.endpoint of the ScimIntegration, which ends in /scim/v2'
    );
  }
  return undefined;
}

/** What to check after a failed step. Undefined if the expectation says it all. */
export function hintFor({ step, answer, problem }: StepResult): string | undefined {
  if (problem === undefined) return undefined;
  const hints = [step.why, ofAnswer(answer, problem.expected)].filter((each) => each !== undefined);
  return hints.length === 0 ? undefined : hints.join(' ');
}

function ofAnswer(answer: Reply | undefined, expected: string): string | undefined {
  if (answer === undefined) return 'The remaining steps were skipped.';
  const { status, headers, body } = answer;
  if (expected.startsWith('content-type')) {
    return (
      'A SCIM response has Content-Type: application/scim+json (RFC 7644 §3.1); some clients ' +
      'accept nothing else.'
    );
  }
  if (!expected.startsWith('status')) return undefined;
  if (status >= 500 && status !== 501) {
    const id = headers.get('x-request-id');
    const where = id === null ? '' : ` under the request id ${JSON.stringify(id)}`;
    return `The server failed; its log should say why${where}.`;
  }
  switch (status) {
    case 401:
      return 'The token was accepted before. Check whether it was just rotated or revoked.';
    case 403:
      return 'The integration lacks the permission or was just disabled.';
    case 405:
    case 501:
      return 'The server does not support this.';
    case 429:
      return 'The rate limit is lower than the rate at which the client sends requests.';
    default:
      return isJsonObject(body) || status < 400
        ? undefined
        : 'The response has no SCIM Error body. Check whether a proxy responds in place of the server.';
  }
}
