/**
 * Plays an identity provider against an endpoint and deletes what it created, like the "Test
 * Connection" of an identity provider without the identity provider.
 */
import { randomBytes } from 'node:crypto';
import type { Endpoint } from './exchange.ts';
import { findRefusal, hintFor } from './hints.ts';
import { type Cleanup, Leftovers } from './leftovers.ts';
import { playSequence, type StepResult } from './player.ts';
import { type Idp, SEQUENCES } from './sequences.ts';

/** How long an interrupted probe waits for a request in progress. */
const GRACE_MS = 5_000;

/** Keeps the lines of a report readable. */
const MOST_CHARACTERS = 400;

interface ProbeOptions extends Endpoint {
  readonly idp: Idp;
  /** Interrupts the probe: skips the remaining steps and deletes what was created. */
  readonly stop?: AbortSignal;
  /** Called after each step, once the first response has shown that this is a SCIM endpoint. */
  readonly onStep?: (step: StepReport) => void;
}

export interface StepReport {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly method: string;
  readonly path: string;
  /** Null if no response came, as is the duration. */
  readonly status: number | null;
  readonly durationMs: number | null;
  readonly expected?: string;
  readonly actual?: string;
  readonly hint?: string;
  /** Why it was skipped. */
  readonly reason?: string;
}

export interface ProbeReport {
  readonly identityProvider: Idp;
  readonly client: string;
  readonly endpoint: string;
  /** Part of the name of everything that was created. */
  readonly run: string;
  /** Every step passed and nothing was left behind. */
  readonly passed: boolean;
  /** Why the endpoint could not be probed at all, or null. */
  readonly failure: string | null;
  readonly summary: { readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly durationMs: number;
  readonly steps: readonly StepReport[];
  readonly cleanup: Cleanup;
}

/** Doesn't throw, whatever the endpoint does. */
export async function probe({
  idp,
  stop,
  onStep,
  ...endpoint
}: ProbeOptions): Promise<ProbeReport> {
  const startedAt = performance.now();
  const sequence = SEQUENCES[idp];
  // Begins with a letter, because a filter without quotes would read digits as a number.
  const run = `r${randomBytes(5).toString('hex')}`;
  const leftovers = new Leftovers();
  const present = (text: string) => presentable(text, endpoint.token);
  const steps: StepReport[] = [];
  let failure: string | undefined;
  const playing = { ...endpoint, run, ...whenStopped(stop) };
  for await (const result of playSequence(sequence, playing)) {
    leftovers.note(result);
    if (steps.length === 0) failure = findRefusal(result);
    const step = reportOf(result, present);
    steps.push(step);
    if (failure !== undefined) break;
    onStep?.(step);
  }
  const { deleted, left } = await leftovers.cleanUp(endpoint);
  const cleanup = {
    deleted,
    left: left.map(({ path, name, reason }) => ({
      path: present(path),
      name,
      reason: present(reason),
    })),
  };
  const count = (outcome: StepReport['outcome']) =>
    steps.filter((step) => step.outcome === outcome).length;
  const summary = {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped') + sequence.steps.length - steps.length,
  };
  return {
    identityProvider: idp,
    client: sequence.client,
    endpoint: endpoint.baseUrl,
    run,
    passed: summary.passed === sequence.steps.length && cleanup.left.length === 0,
    failure: failure === undefined ? null : present(failure),
    summary,
    durationMs: Math.round(performance.now() - startedAt),
    steps,
    cleanup,
  };
}

/** A request in progress may still create something, so its response is awaited for a while. */
function whenStopped(stop: AbortSignal | undefined) {
  if (stop === undefined) return {};
  const late = new AbortController();
  stop.addEventListener('abort', () => setTimeout(() => late.abort(), GRACE_MS).unref());
  return { stop, signal: late.signal };
}

function reportOf(result: StepResult, present: (text: string) => string): StepReport {
  const { step, outcome, answer, problem, reason } = result;
  const hint = hintFor(result);
  return {
    name: step.name,
    outcome,
    method: step.request.method,
    path: present(step.request.path),
    status: answer?.status ?? null,
    durationMs: answer === undefined ? null : Math.round(answer.durationMs),
    ...(problem && { expected: present(problem.expected), actual: present(problem.actual) }),
    ...(hint === undefined ? {} : { hint: present(hint) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * A server may send the token back, so it is masked. That happens before the text is cut, so that
 * no part of a token remains.
 */
function presentable(text: string, token: string): string {
  // JSON escapes the quotes and backslashes of a token.
  const forms = [token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token)];
  const masked = forms.reduce((result, form) => result.replaceAll(form, '***'), text);
  return masked.length > MOST_CHARACTERS ? `${masked.slice(0, MOST_CHARACTERS)}…` : masked;
}
