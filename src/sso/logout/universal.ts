/**
 * Okta's Universal Logout (Global Token Revocation): Okta says that everything that a user has open
 * must end.
 */
import * as z from 'zod';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';

const TYPE = 'global-token-revocation+jwt';
const MAX_AGE = '5m';

const schema = z.object({
  sub_id: z.discriminatedUnion('format', [
    z.object({ format: z.literal('email'), email: z.string().min(1).max(1_024) }),
    z.object({
      format: z.literal('iss_sub'),
      iss: z.string(),
      sub: z.string().min(1).max(1_024),
    }),
  ]),
});

/** The user, by an address that the provider vouches for, or by the account. */
export type LoggedOut = z.infer<typeof schema>['sub_id'];

/**
 * Verifies the caller. `audience` is the address of the request as the provider knows it. `isNew` is
 * called with the token's id, if it has one. Rejects with ProviderError.
 */
export async function verifyCaller(
  provider: Provider,
  authorization: string | undefined,
  audience: string,
  isNew: (jti: string) => boolean,
): Promise<void> {
  const [, token] = /^Bearer ([!-~]+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) throw new ProviderError('invalid', 'the request has no bearer token');
  const { payload } = await provider.verify(token, {
    audience,
    subject: provider.config.clientId,
    typ: TYPE,
    maxTokenAge: MAX_AGE,
    requiredClaims: ['iat'],
  });
  if (payload.jti !== undefined && !isNew(payload.jti))
    throw new ProviderError('invalid', 'the token was used before');
}

/** Undefined if the body names nobody in a way that can be looked up. */
export function readSubject(body: unknown): LoggedOut | undefined {
  return schema.safeParse(body).data?.sub_id;
}
