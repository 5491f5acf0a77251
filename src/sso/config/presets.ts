/** What is known about the identity providers that many companies use. */
import type { PersonKey } from '../../directory/store/people.ts';

/** Which claim of an ID token names which attribute of a provisioned user. */
export interface Match {
  readonly claim: string;
  readonly attribute: PersonKey;
}

export const PROVIDER_TYPES = ['Okta', 'EntraID', 'Authentik', 'Keycloak', 'Other'] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

interface Preset {
  readonly displayName: string | undefined;
  readonly match: Match;
}

const BY_USER_NAME: Match = { claim: 'preferred_username', attribute: 'userName' };

export const PRESETS: Readonly<Record<ProviderType, Preset>> = {
  // Okta's id of a user, which its SCIM client sends as externalId.
  Okta: { displayName: 'Okta', match: { claim: 'sub', attribute: 'externalId' } },
  // Entra's `sub` differs for each application. The object id is the same everywhere.
  EntraID: {
    displayName: 'Microsoft Entra ID',
    match: { claim: 'oid', attribute: 'externalId' },
  },
  Authentik: { displayName: 'authentik', match: { claim: 'sub', attribute: 'externalId' } },
  Keycloak: { displayName: 'Keycloak', match: BY_USER_NAME },
  Other: { displayName: undefined, match: BY_USER_NAME },
};

const BY_NAME: Readonly<Record<string, ProviderType>> = {
  okta: 'Okta',
  entra: 'EntraID',
  authentik: 'Authentik',
  keycloak: 'Keycloak',
};

/** The type of a provider that doesn't say it. */
export function typeNamed(name: string): ProviderType {
  return Object.hasOwn(BY_NAME, name) ? (BY_NAME[name] ?? 'Other') : 'Other';
}

const MICROSOFT = /(^|\.)(microsoftonline\.(com|us|de)|partner\.microsoftonline\.cn|windows\.net)$/;
/** The last one is the id of the tenant that all personal accounts share. */
const EVERY_TENANT = [
  'common',
  'organizations',
  'consumers',
  '9188040d-6c67-4c5b-b112-36a304b66dad',
];

/** Whether Entra would let the users of tenants sign in that nobody here has named. */
export function isEveryTenant(issuer: URL, type: ProviderType): boolean {
  const isEntra = type === 'EntraID' || MICROSOFT.test(issuer.hostname);
  const segments = issuer.pathname.toLowerCase().split('/');
  return isEntra && segments.some((segment) => EVERY_TENANT.includes(segment));
}
