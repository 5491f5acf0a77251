/** What an administrator can do about an answer. */
import { isJsonObject } from '../scim/json.ts';
import type { Answer } from './exchange.ts';
import { describeStatus, type StepResult } from './player.ts';

/**
 * Why there is no point in playing on, in one line, after the first answer: the URL or the token is
 * wrong. Undefined when SCIM answered.
 */
export function findRefusal({ answer, problem }: StepResult): string | undefined {
  if (answer === undefined) return problem?.actual;
  const { status, headers, body } = answer;
  const came = describeStatus(status, body);
  if (status === 401) {
    return (
      `the token was not accepted: status ${came}; take token and endpoint from the Secret of ` +
      'the same ScimIntegration'
    );
  }
  if (status === 403) {
    return (
      `the token was accepted, the request was not: status ${came}; is the integration ` +
      'enabled, and its namespace allowed in the tenant?'
    );
  }
  if (status === 404) {
    return (
      `there is no SCIM endpoint at this URL: status ${came}; the URL is status.endpoint of ` +
      'the ScimIntegration and ends in /scim/v2'
    );
  }
  if (status >= 300 && status < 400) {
    return (
      `the URL redirects to ${JSON.stringify(headers.get('location'))} (status ${status}), ` +
      `which identity providers don't follow; give the URL that it leads to`
    );
  }
  if (headers.get('content-type')?.startsWith('text/html')) {
    return (
      `a web page answers at this URL (status ${status}), not a SCIM endpoint; the URL is ` +
      'status.endpoint of the ScimIntegration and ends in /scim/v2'
    );
  }
  return undefined;
}

/** What to look at for a failed step; undefined where the expectation says it all. */
export function hintFor({ step, answer, problem }: StepResult): string | undefined {
  if (problem === undefined) return undefined;
  const hints = [step.why, ofAnswer(answer, problem.expected)].filter((each) => each !== undefined);
  return hints.length === 0 ? undefined : hints.join(' ');
}

function ofAnswer(answer: Answer | undefined, expected: string): string | undefined {
  if (answer === undefined) return 'Nothing was played after this.';
  const { status, headers, body } = answer;
  if (expected.startsWith('content-type')) {
    return (
      'SCIM is answered with Content-Type: application/scim+json (RFC 7644 §3.1); some clients ' +
      'take nothing else.'
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
      return 'The token was accepted before: was it rotated or revoked just now?';
    case 403:
      return 'The integration lacks the permission, or was disabled just now.';
    case 405:
    case 501:
      return 'The server does not offer this.';
    case 429:
      return 'The rate limit is lower than what the client sends.';
    default:
      return isJsonObject(body) || status < 400
        ? undefined
        : 'The refusal has no SCIM Error body; does a proxy answer in place of the server?';
  }
}
