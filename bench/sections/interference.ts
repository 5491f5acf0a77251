/** What others notice while the token of one tenant is used to attack. */
import { ATTACK_OF, ATTACKS, type AttackName, LARGE_GROUP } from '../interference/attacks.ts';
import { type Disturbed, disturb } from '../interference/disturb.ts';
import { eachOf } from '../measure/growth.ts';
import { setStage } from '../stage/stage.ts';
import type { Context } from './section.ts';

export type InterferenceResults = Readonly<Record<AttackName, Disturbed>>;

const MANY = 300_000;
const FEW = 30_000;
const QUICK_SHARE = 0.1;
/** A thousand requests of each probe. */
const LEAST_MS = 10_000;

export async function measureInterference(context: Context): Promise<InterferenceResults> {
  const { options, progress, closing } = context;
  const share = options.quick ? QUICK_SHARE : 1;
  const many = Math.round(MANY * share);
  const large = await setStage(context, { users: many, groups: { [LARGE_GROUP]: many } }, closing);
  const small = await setStage(context, { users: Math.round(FEW * share) }, closing);
  progress('filled two directories');
  return eachOf(ATTACKS, async (name) => {
    const attack = ATTACK_OF[name];
    const stage = attack.isOnFew ? small : large;
    const disturbed = await disturb(stage, attack, share * LEAST_MS, closing);
    const { others, live, ready, answers, seconds } = disturbed;
    const [other, livez, readyz] = [others, live, ready].map(
      ({ p99, sentLate }) => `${p99.toFixed(1)} ms (${sentLate.toFixed(1)} ms sent late)`,
    );
    progress(
      `${attack.what}: others wait ${other} (p99), /livez ${livez}, /readyz ${readyz}, ` +
        `${(others.peakBytes / 1e6).toFixed(0)} MB, ` +
        `answers ${JSON.stringify(answers)} in ${seconds.toFixed(1)} s`,
    );
    return disturbed;
  });
}
