/** The activity of an integration, as both databases return it. */
import type { IntegrationActivity } from '../store/integrations.ts';
import type { Row } from './names.ts';

/** For an integration without a record. */
export const NO_ACTIVITY: IntegrationActivity = {
  users: 0,
  groups: 0,
  lastRequestAt: undefined,
  tokenUses: new Map(),
};

export function usesOf(
  tokens: readonly Pick<Row<'tokens'>, 'keyId' | 'lastUsedAt'>[],
): IntegrationActivity['tokenUses'] {
  const uses = tokens.flatMap(({ keyId, lastUsedAt }) =>
    lastUsedAt === null ? [] : [[keyId, lastUsedAt] as const],
  );
  return uses.length === 0 ? NO_ACTIVITY.tokenUses : new Map(uses);
}
