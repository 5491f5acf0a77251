/** Plays a sequence against an endpoint over HTTP and reports the result of each step. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';
import { type Endpoint, type Exchange, exchange, NoAnswerError, type Reply } from './exchange.ts';
import { type Difference, findDifference, valueAt } from './expectation.ts';
import type { Sequence, Step } from './sequence.ts';

/** For clients whose timeout is unknown. */
const TIMEOUT_SECONDS = 60;

interface PlayOptions extends Endpoint {
  /** Makes the names of a run unique. Letters and digits. */
  readonly run?: string;
  /** Skips the remaining steps, after waiting for a request in progress. */
  readonly stop?: AbortSignal;
  /**
   * Accepts only one of the forms that a client accepts: a body and not 204, and the media type of
   * SCIM.
   */
  readonly strict?: boolean;
}

export interface StepResult {
  /** With every captured `{{name}}` filled in. */
  readonly step: Step;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Undefined if the step was skipped or no response came. */
  readonly answer: Reply | undefined;
  /** Why the step failed. */
  readonly problem: Difference | undefined;
  /** Why the step was skipped. */
  readonly reason: string | undefined;
}

/**
 * Yields a result after each step and continues after a failed one. A step is skipped if it needs a
 * value that an earlier step did not provide. If no response comes to a step, the remaining steps
 * are skipped.
 */
export async function* playSequence(
  sequence: Sequence,
  { run = 'run', stop, strict = false, ...endpoint }: PlayOptions,
): AsyncGenerator<StepResult, void, undefined> {
  const captured = new Map([
    ['run', run.toLowerCase()],
    ['RUN', run.toUpperCase()],
  ]);
  const timeoutSeconds = sequence.timeoutSeconds ?? TIMEOUT_SECONDS;
  let silent: string | undefined;
  for (const template of sequence.steps) {
    const { step, missing } = fill(template, captured);
    if (stop?.aborted) silent = 'interrupted';
    const reason = silent ?? (missing && whyMissing(missing, sequence.steps));
    if (reason !== undefined) {
      yield { step, outcome: 'skipped', answer: undefined, problem: undefined, reason };
      continue;
    }
    const wanted = strict ? strictly(step) : step;
    const result = await playStep(wanted, sequence.headers, endpoint, timeoutSeconds);
    if (result.answer === undefined) silent = `no response to "${step.name}"`;
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      const value = valueAt(result.answer?.body, path);
      if (typeof value === 'string') captured.set(name, value);
    }
    yield result;
  }
}

function strictly(step: Step): Step {
  const { status, headers = {}, body } = step.response;
  const withBody = [status].flat().filter((each) => body === undefined || each !== 204);
  const first = Object.entries(headers).map(([name, starts]) => [name, [starts].flat()[0] ?? '']);
  return {
    ...step,
    response: { ...step.response, status: withBody, headers: Object.fromEntries(first) },
  };
}

async function playStep(
  step: Step,
  headers: Sequence['headers'],
  endpoint: Endpoint,
  timeoutSeconds: number,
): Promise<StepResult> {
  const send = (request: Exchange) =>
    exchange(
      endpoint,
      { ...request, headers: { ...headers, ...step.request.headers } },
      timeoutSeconds,
    );
  try {
    const answer = await send(step.request);
    const problem = findProblem(step, answer) ?? (await findUndone(step, answer, send));
    const outcome = problem === undefined ? 'passed' : 'failed';
    return { step, outcome, answer, problem, reason: undefined };
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    const problem = { expected: 'a response', actual: error.message };
    return { step, outcome: 'failed', answer: undefined, problem, reason: undefined };
  }
}

/**
 * The response to a PATCH may lack the resource (RFC 7644 §3.5.2). In that case, reads the resource
 * to see whether the change was made.
 */
async function findUndone(
  { request, response }: Step,
  { status }: Reply,
  send: (request: Exchange) => Promise<Reply>,
): Promise<Difference | undefined> {
  if (status !== 204 || response.body === undefined) return undefined;
  const path = request.path.replace(/\?.*$/, '');
  const read = await send({ method: 'GET', path });
  return read.status === 200
    ? findDifference(response.body, read.body, 'body read afterwards')
    : {
        expected: 'status 200 when read afterwards',
        actual: `status ${describeStatus(read.status, read.body)}`,
      };
}

function findProblem(
  { response: expected, capture = {} }: Step,
  { status, headers, body }: Reply,
): Difference | undefined {
  const statuses = [expected.status].flat();
  if (!statuses.includes(status)) {
    return {
      expected: `status ${statuses.join(' or ')}`,
      actual: `status ${describeStatus(status, body)}`,
    };
  }
  if (status === 204 && expected.body !== undefined) return undefined;
  for (const [name, wanted] of Object.entries(expected.headers ?? {})) {
    const value = headers.get(name);
    const starts = [wanted].flat();
    if (!starts.some((start) => value?.startsWith(start))) {
      return {
        expected: `${name} is ${starts.join('… or ')}…`,
        actual: value === null ? `no ${name}` : `${name} is ${JSON.stringify(value)}`,
      };
    }
  }
  const missing = Object.values(capture).find((path) => typeof valueAt(body, path) !== 'string');
  if (missing !== undefined)
    return findDifference({ $is: 'text' }, valueAt(body, missing), `body.${missing}`);
  return expected.body === undefined ? undefined : findDifference(expected.body, body);
}

/** The status, and the detail that the server gave of an error. */
export function describeStatus(status: number, body: JsonValue | undefined): string {
  const detail = isJsonObject(body) ? body.detail : undefined;
  return typeof detail === 'string' ? `${status} (${JSON.stringify(detail)})` : `${status}`;
}

/** Returns a copy with every `{{name}}` replaced, and the first name that was not captured. */
function fill(
  step: Step,
  captured: ReadonlyMap<string, string>,
): { step: Step; missing: string | undefined } {
  let missing: string | undefined;
  const text = JSON.stringify(step).replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    const value = captured.get(name);
    if (value === undefined) missing ??= name;
    // The placeholder is inside a JSON string.
    return value === undefined ? placeholder : JSON.stringify(value).slice(1, -1);
  });
  return { step: JSON.parse(text) as Step, missing };
}

function whyMissing(name: string, steps: readonly Step[]): string {
  const source = steps.find(({ capture = {} }) => Object.hasOwn(capture, name));
  return source === undefined
    ? `no step provides ${name}`
    : `"${source.name}" returned no ${source.capture?.[name]}`;
}
