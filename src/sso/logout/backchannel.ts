/** OpenID Connect Back-Channel Logout 1.0: the provider says that a session there is over. */
import type { AccountSessions } from '../../directory/store/sessions.ts';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const MAX_AGE = '2m';

/**
 * Whose sessions are over. Rejects with ProviderError. `isNew` is called with the token's id, and
 * must be true only once.
 */
export async function readLogoutToken(
  provider: Provider,
  token: string,
  isNew: (jti: string) => boolean,
): Promise<AccountSessions> {
  // Some providers leave out `typ: logout+jwt`, so the event tells it from an ID token.
  const { payload } = await provider.verify(token, {
    maxTokenAge: MAX_AGE,
    requiredClaims: ['jti', 'events', 'iat'],
  });
  const { sub, sid, jti, events, nonce } = payload;
  if (nonce !== undefined) throw invalid('the logout token has a nonce');
  if (!hasEvent(events)) throw invalid('the logout token has no logout event');
  if (typeof jti !== 'string' || !isNew(jti)) throw invalid('the logout token was used before');
  const { issuer } = provider.config;
  const subject = typeof sub === 'string' && sub !== '' ? sub : undefined;
  // A provider may name its session here although it did not in the ID token.
  if (typeof sid === 'string' && sid !== '')
    return subject === undefined ? { issuer, sid } : { issuer, sid, subject };
  if (subject !== undefined) return { issuer, subject };
  throw invalid('the logout token has neither sub nor sid');
}

const invalid = (message: string) => new ProviderError('invalid', message);

function hasEvent(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, EVENT)) return false;
  const event: unknown = Reflect.get(events, EVENT);
  return typeof event === 'object' && event !== null && !Array.isArray(event);
}
