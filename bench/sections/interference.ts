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

export async function measureInterference(context: Context): Promise<InterferenceResults> {
  const { options, progress, closing } = context;
  const share = options.quick ? QUICK_SHARE : 1;
  const many = Math.round(MANY * share);
  const large = await setStage(context, { users: many, groups: { [LARGE_GROUP]: many } }, closing);
  const small = await setStage(context, { users: Math.round(FEW * share) }, closing);
  progress('filled two directories');
  return eachOf(ATTACKS, async (name) => {
    const attack = ATTACK_OF[name];
    const disturbed = await disturb(attack.isOnFew ? small : large, attack, closing);
    const { others, answers, seconds } = disturbed;
    progress(
      `${attack.what}: others wait ${others.p99.toFixed(1)} ms (p99), ` +
        `${(others.peakBytes / 1e6).toFixed(0)} MB, ` +
        `answers ${JSON.stringify(answers)} in ${seconds.toFixed(1)} s`,
    );
    return disturbed;
  });
}
