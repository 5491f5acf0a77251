/** Plays a sequence against an endpoint over HTTP, step by step, and tells of each what came back. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';
import { findDifference, valueAt } from './expectation.ts';
import type { Sequence, Step } from './sequence.ts';

export interface PlayOptions {
  /** The integration's endpoint. */
  readonly baseUrl: string;
  readonly token: string;
  /** For endpoints that the global one can't reach. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface StepResult {
  /** With every `{{name}}` filled in. */
  readonly step: Step;
  readonly status: number;
  readonly body: JsonValue | undefined;
  readonly durationMs: number;
  /** What was expected and isn't so; undefined when all is well. */
  readonly problem: string | undefined;
}

/**
 * Yields a result after each step; whoever consumes decides whether to go on after a problem. Throws when no answer
 * came at all, and when a step needs a value that was not captured.
 */
export async function* playSequence(
  sequence: Sequence,
  options: PlayOptions,
): AsyncGenerator<StepResult, void, undefined> {
  const captured = new Map<string, string>();
  for (const template of sequence.steps) {
    const step = fill(template, captured);
    const result = await playStep(step, sequence.headers, options);
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      const value = valueAt(result.body, path);
      if (typeof value === 'string') captured.set(name, value);
    }
    yield result;
  }
}

async function playStep(
  step: Step,
  headers: Sequence['headers'],
  { baseUrl, token, fetch = globalThis.fetch }: PlayOptions,
): Promise<StepResult> {
  const { method, path, body } = step.request;
  const startedAt = performance.now();
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/scim+json',
      ...headers,
      ...step.request.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const durationMs = performance.now() - startedAt;
  const answered = parse(text);
  return {
    step,
    status: response.status,
    body: answered,
    durationMs,
    problem: findProblem(step, response, answered),
  };
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function findProblem(
  { response: expected, capture = {} }: Step,
  response: Response,
  body: JsonValue | undefined,
): string | undefined {
  if (![expected.status].flat().includes(response.status)) {
    const detail = isJsonObject(body) ? ` (${String(body.detail)})` : '';
    return `the status should be ${String(expected.status)}, not ${response.status}${detail}`;
  }
  for (const [name, start] of Object.entries(expected.headers ?? {})) {
    const value = response.headers.get(name) ?? '';
    if (!value.startsWith(start)) return `${name} should begin with ${start}, not be "${value}"`;
  }
  const missing = Object.values(capture).find((path) => typeof valueAt(body, path) !== 'string');
  if (missing !== undefined) return `the body should have ${missing}`;
  return expected.body === undefined ? undefined : findDifference(expected.body, body);
}

/** A copy with every `{{name}}` replaced. Throws for a name that was not captured: the sequence is wrong. */
function fill(step: Step, captured: ReadonlyMap<string, string>): Step {
  const text = JSON.stringify(step).replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = captured.get(name);
    if (value === undefined) throw new Error(`step "${step.name}": nothing captured as ${name}`);
    // Inside of a JSON text.
    return JSON.stringify(value).slice(1, -1);
  });
  return JSON.parse(text) as Step;
}
