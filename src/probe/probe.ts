/**
 * Plays an identity provider against an endpoint, and leaves nothing behind: "Test Connection"
 * without the identity provider.
 */
import { randomBytes } from 'node:crypto';
import type { Endpoint } from './exchange.ts';
import { findRefusal, hintFor } from './hints.ts';
import { type Cleanup, Leftovers } from './leftovers.ts';
import { playSequence, type StepResult } from './player.ts';
import { type Idp, SEQUENCES } from './sequences.ts';

/** How long a request under way is waited for when the probe is interrupted. */
const GRACE_MS = 5_000;

/** A report is read line by line. */
const MOST_CHARACTERS = 400;

interface ProbeOptions extends Endpoint {
  readonly idp: Idp;
  /** Interrupts: what is left is skipped, what was created is deleted. */
  readonly stop?: AbortSignal;
  /** Told of each step as soon as it is done; not called before the endpoint answered as one. */
  readonly onStep?: (step: StepReport) => void;
}

export interface StepReport {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly method: string;
  readonly path: string;
  /** Null without an answer, as are the times. */
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
  /** Part of every name that was created. */
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

/** Never throws for what an endpoint does. */
export async function probe({
  idp,
  stop,
  onStep,
  ...endpoint
}: ProbeOptions): Promise<ProbeReport> {
  const startedAt = performance.now();
  const sequence = SEQUENCES[idp];
  // Begins with a letter: filters without quotes would take digits for a number.
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

/** A request under way may still create something: it is given some time to tell. */
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
 * A server may send the token back, so it is masked before anything is cut: half a token is one too
 * much.
 */
function presentable(text: string, token: string): string {
  // In a JSON text, quotes and backslashes of a token look different.
  const forms = [token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token)];
  const masked = forms.reduce((result, form) => result.replaceAll(form, '***'), text);
  return masked.length > MOST_CHARACTERS ? `${masked.slice(0, MOST_CHARACTERS)}…` : masked;
}
