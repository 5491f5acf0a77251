/**
 * The token and its Secret, in three steps: everything is read once (`gather.ts`, which also draws
 * the decisions), a pure function decides (`plan.ts`), and the plan is carried out (`act.ts`, and
 * `issue.ts` for a new token, which explains the order of writes).
 */
import { carryOut } from './act.ts';
import { gatherToken } from './gather.ts';
import type { TokenSubject } from './hashes.ts';
import type { TokenOutcome } from './outcome.ts';
import { planToken } from './plan.ts';

export async function reconcileToken(
  subject: TokenSubject,
  endpoint: string,
): Promise<TokenOutcome> {
  return carryOut(subject, endpoint, planToken(await gatherToken(subject, endpoint)));
}
