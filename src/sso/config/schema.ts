/** The fields of the file of `--sso-config`. Each error text completes "it must be …". */
import * as z from 'zod';
import { isPrivate } from '../../http/loopback.ts';
import { PROVIDER_TYPES } from './presets.ts';

/** A string for which `test` is true. The text completes "it must be …". */
const text = (allowed: string, test: (value: string) => boolean, description: string) =>
  z.string({ error: allowed }).refine(test, { error: allowed }).describe(description);

/** The schema of the chart's values has the pattern, which must also be one of Go. */
const matching = (allowed: string, pattern: RegExp, description: string) =>
  z.string({ error: allowed }).regex(pattern, { error: allowed }).describe(description);

/** Names of providers, and of tenants. */
export const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const A_LABEL = 'at most 63 lower-case letters, digits and dashes';

const isIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return isPrivate(url) && !url.search && !url.hash && !url.username && !url.password;
};

export const matchSchema = z.strictObject(
  {
    claim: matching(
      'the name of a claim in the ID token, such as preferred_username',
      /^[!-~]{1,128}$/,
      'The claim of the ID token that identifies the person.',
    ),
    attribute: z
      .enum(['userName', 'externalId', 'email'], { error: 'userName, externalId or email' })
      .describe('The attribute of a provisioned user that must have the same value.'),
  },
  { error: 'an object with claim and attribute' },
);

export const providerSchema = z.strictObject(
  {
    name: matching(
      A_LABEL,
      LABEL,
      'The name in addresses, such as `/oauth/callback/okta`. It must be unique. The names ' +
        '`okta`, `entra`, `authentik` and `keycloak` also set the type.',
    ),
    type: z
      .enum(PROVIDER_TYPES, { error: `one of ${PROVIDER_TYPES.join(', ')}` })
      .optional()
      .describe('The product. It sets the defaults of displayName and match.'),
    displayName: matching(
      '1 to 64 characters',
      /^[^\p{C}]{1,64}$/u,
      'The name on the sign-in page.',
    ).optional(),
    issuer: text(
      'an https URL without a query or fragment, exactly as the provider spells it; http is ' +
        'allowed for localhost only',
      isIssuer,
      "The provider's issuer, exactly as its discovery document spells it, including a slash at " +
        'the end. It begins with https, except on localhost.',
    ),
    clientId: matching(
      '1 to 256 visible characters',
      /^[!-~]{1,256}$/,
      'The id of the client that is registered at the provider.',
    ),
    clientSecretFile: matching(
      'the absolute path of a file',
      /^\/[^\0]+$/,
      'The absolute path of a file that contains the secret of the client. It is read again ' +
        'every few seconds.',
    ),
    scopes: z
      .array(matching('a scope such as profile', /^[!#-[\]-~]{1,128}$/, 'A scope.'), {
        error: 'a list of scopes',
      })
      .refine((scopes) => scopes.includes('openid'), {
        error: 'a list of scopes that contains openid',
      })
      .optional()
      .describe('The scopes to request. The default is `openid`, `profile` and `email`.'),
    tenants: z
      .array(matching(A_LABEL, LABEL, 'The name of a tenant.'), { error: 'a list of tenants' })
      .min(1, { error: 'a list of at least one tenant' })
      .describe('The tenants to which the provider may sign users in. It can do so to no other.'),
    match: matchSchema
      .refine(({ claim, attribute }) => attribute !== 'email' || claim === 'email', {
        error:
          'the claim email if the attribute is email, because only it says that it is verified',
      })
      .optional()
      .describe(
        'How the person is found among the provisioned users. The default is the claim `oid` and ' +
          'the attribute externalId for EntraID, `sub` and externalId for Okta and Authentik, and ' +
          '`preferred_username` and userName for the others.',
      ),
    defaultRole: matching(
      'the name of a ClusterRole',
      /^[^/%\p{C}]{1,253}$/u,
      'A ClusterRole that everybody in the tenants has in their namespaces.',
    )
      .refine((name) => !/^\.{1,2}$/.test(name), { error: 'the name of a ClusterRole' })
      .optional(),
  },
  { error: 'an object' },
);

export const ssoSchema = z.strictObject(
  {
    providers: z
      .array(providerSchema, { error: 'a list of providers' })
      .describe('The identity providers at which users sign in.'),
  },
  { error: 'an object with the field providers' },
);
