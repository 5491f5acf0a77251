/** When a reconcile of an integration looks again, if no event makes it look sooner. */
import type { OperatorContext } from '../context.ts';
import { OBSTACLE_RETRY_MS } from '../obstacle.ts';
import type { Findings } from './status.ts';

/** Every change should cause an event. If one was missed, it is noticed after this long. */
const RESYNC_MS = 10 * 60_000;
/** While namespaces may not be listed: nothing reports changes of their labels. */
const BLIND_RESYNC_MS = 60_000;

interface Sources {
  readonly caches: { readonly namespaces: Pick<OperatorContext['caches']['namespaces'], 'size'> };
  readonly contentions: Pick<OperatorContext['contentions'], 'nextLookMs'>;
  readonly now: OperatorContext['now'];
}

/** Milliseconds; `uid` is that of the integration. */
export function nextLookMs(
  { caches, contentions, now }: Sources,
  uid: string,
  findings: Findings,
): number {
  const { token, rbac, stalled } = findings;
  const conflict = stalled !== undefined || token?.kind === 'obstacle' || typeof rbac === 'object';
  const isBlind = caches.namespaces.size === 0;
  // Spread out, so that many integrations don't reconcile at the same time.
  const usual = (isBlind ? BLIND_RESYNC_MS : RESYNC_MS) * (1 + 0.2 * Math.random());
  const contended = contentions.nextLookMs(uid) ?? Number.POSITIVE_INFINITY;
  return Math.min(within(conflict ? OBSTACLE_RETRY_MS : usual, findings, now()), contended);
}

/** Milliseconds, after the cluster has refused a write. */
export const refusedLookMs = ({ now }: OperatorContext, findings: Findings): number =>
  within(OBSTACLE_RETRY_MS, findings, now());

/** Earlier if a token is due to be replaced or to end. */
function within(waitMs: number, { token }: Findings, now: Date): number {
  const held = token?.kind === 'obstacle' ? token.held : token;
  const due = held === undefined ? waitMs : held.dueAt - now.getTime();
  return Math.max(1, Math.min(waitMs, due));
}
