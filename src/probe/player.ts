/** Plays a sequence against an endpoint over HTTP, step by step, and tells of each what came back. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';
import { type Answer, type Endpoint, exchange, NoAnswerError } from './exchange.ts';
import { type Difference, findDifference, valueAt } from './expectation.ts';
import type { Sequence, Step } from './sequence.ts';

/** What clients wait where nothing is known of it. */
const TIMEOUT_SECONDS = 60;

export interface PlayOptions extends Endpoint {
  /** Makes the names of a run its own; letters and digits. */
  readonly run?: string;
  /** Skips what is left; a request under way is waited for. */
  readonly stop?: AbortSignal;
}

export interface StepResult {
  /** With every `{{name}}` filled in that was captured. */
  readonly step: Step;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Undefined when the step was skipped and when no answer came. */
  readonly answer: Answer | undefined;
  /** Why the step failed. */
  readonly problem: Difference | undefined;
  /** Why the step was skipped. */
  readonly reason: string | undefined;
}

/**
 * Yields a result after each step and goes on after a failed one; a step that needs a value which an earlier one did not yield is skipped.
 * When no answer comes at all, the rest is skipped.
 */
export async function* playSequence(
  sequence: Sequence,
  { run = 'run', stop, ...endpoint }: PlayOptions,
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
    const result = await playStep(step, sequence.headers, endpoint, timeoutSeconds);
    if (result.answer === undefined) silent = `no answer came to "${step.name}"`;
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      const value = valueAt(result.answer?.body, path);
      if (typeof value === 'string') captured.set(name, value);
    }
    yield result;
  }
}

async function playStep(
  step: Step,
  headers: Sequence['headers'],
  endpoint: Endpoint,
  timeoutSeconds: number,
): Promise<StepResult> {
  const request = { ...step.request, headers: { ...headers, ...step.request.headers } };
  try {
    const answer = await exchange(endpoint, request, timeoutSeconds);
    const problem = findProblem(step, answer);
    const outcome = problem === undefined ? 'passed' : 'failed';
    return { step, outcome, answer, problem, reason: undefined };
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    const problem = { expected: 'an answer', actual: error.message };
    return { step, outcome: 'failed', answer: undefined, problem, reason: undefined };
  }
}

function findProblem(
  { response: expected, capture = {} }: Step,
  { status, headers, body }: Answer,
): Difference | undefined {
  const statuses = [expected.status].flat();
  if (!statuses.includes(status)) {
    return {
      expected: `status ${statuses.join(' or ')}`,
      actual: `status ${describeStatus(status, body)}`,
    };
  }
  for (const [name, start] of Object.entries(expected.headers ?? {})) {
    const value = headers.get(name);
    if (!value?.startsWith(start)) {
      return {
        expected: `${name} is ${start}…`,
        actual: value === null ? `no ${name}` : `${name} is ${JSON.stringify(value)}`,
      };
    }
  }
  const missing = Object.values(capture).find((path) => typeof valueAt(body, path) !== 'string');
  if (missing !== undefined)
    return findDifference({ $is: 'text' }, valueAt(body, missing), `body.${missing}`);
  return expected.body === undefined ? undefined : findDifference(expected.body, body);
}

/** With what the server says of an error. */
export function describeStatus(status: number, body: JsonValue | undefined): string {
  const detail = isJsonObject(body) ? body.detail : undefined;
  return typeof detail === 'string' ? `${status} (${JSON.stringify(detail)})` : `${status}`;
}

/** A copy with every `{{name}}` replaced; `missing` is the first name that was not captured. */
function fill(
  step: Step,
  captured: ReadonlyMap<string, string>,
): { step: Step; missing: string | undefined } {
  let missing: string | undefined;
  const text = JSON.stringify(step).replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    const value = captured.get(name);
    if (value === undefined) missing ??= name;
    // Inside of a JSON text.
    return value === undefined ? placeholder : JSON.stringify(value).slice(1, -1);
  });
  return { step: JSON.parse(text) as Step, missing };
}

function whyMissing(name: string, steps: readonly Step[]): string {
  const source = steps.find(({ capture = {} }) => Object.hasOwn(capture, name));
  return source === undefined
    ? `nothing is called ${name}`
    : `"${source.name}" gave no ${source.capture?.[name]}`;
}
