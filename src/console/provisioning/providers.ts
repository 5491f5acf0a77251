/** What an administrator enters at each identity provider, in the words of its own form. */

export interface ProviderGuide {
  /** What the provider calls itself. */
  readonly name: string;
  /** Within a sentence, if it isn't the name. */
  readonly inSentence?: string;
  /** Where the form is. */
  readonly place: string;
  readonly endpointField: string;
  readonly endpointHint?: string;
  readonly tokenField: string;
  readonly tokenHint?: string;
  /** The other fields of the form, with what to choose. */
  readonly fields: readonly (readonly [string, string])[];
  /** What to do after the form was saved. */
  readonly next: readonly string[];
}

export const PROVIDERS = {
  Okta: {
    name: 'Okta',
    place: 'In Okta, open the application, then Provisioning > Integration > Edit.',
    endpointField: 'SCIM 2.0 Base Url',
    endpointHint: 'Called “SCIM connector base URL” or “Base URL” in some applications.',
    tokenField: 'OAuth Bearer Token',
    tokenHint:
      'Called “Authorization” with the mode HTTP Header: the token alone, without “Bearer”.',
    fields: [
      ['Unique identifier field for users', 'userName'],
      ['Supported provisioning actions', 'Push New Users, Push Profile Updates, Push Groups'],
      ['Authentication Mode', 'HTTP Header, or OAuth Bearer Token'],
    ],
    next: [
      'Select Test Connector Configuration, and then Save.',
      'Under Provisioning > To App, enable Create Users, Update User Attributes and Deactivate Users.',
      'Under Assignments, assign people. Under Push Groups, push groups.',
    ],
  },
  EntraID: {
    name: 'Microsoft Entra ID',
    place:
      'In the Entra admin center, open the enterprise application, then Provisioning > New ' +
      'configuration.',
    endpointField: 'Tenant URL',
    tokenField: 'Secret Token',
    tokenHint: 'Never leave it empty: Entra ID then sends a token of its own, which is refused.',
    fields: [['Authentication method, if the form has it', 'Bearer authentication']],
    next: [
      'Select Test Connection, and then Create.',
      'In the attribute mapping of users, map objectId to externalId.',
      'Under Users and groups, assign people and groups. Then select Start provisioning.',
    ],
  },
  Authentik: {
    name: 'authentik',
    place: 'In the admin interface, open Applications > Providers > Create > SCIM Provider.',
    endpointField: 'URL',
    tokenField: 'Token',
    fields: [
      ['Authentication Mode, if the form has it', 'Static token'],
      ['Compatibility Mode', 'Default'],
      ['Exclude service accounts', 'on'],
    ],
    next: [
      'Add the provider to an application as a backchannel provider.',
      'Open the provider and select Run sync again.',
    ],
  },
  Keycloak: {
    name: 'Keycloak',
    place: 'With the extension keycloak-scim, open User federation > Add provider > scim.',
    endpointField: 'endpoint',
    tokenField: 'auth-pass',
    fields: [
      ['content-type', 'application/scim+json'],
      ['auth-mode', 'BEARER'],
      ['propagation-user, propagation-group', 'on'],
      ['sync-import', 'off'],
      ['sync-refresh', 'on'],
    ],
    next: [
      'Under Realm settings > Events > Event listeners, add scim.',
      'Select Sync all users in the menu of the provider.',
    ],
  },
  Other: {
    name: 'Another identity provider',
    inSentence: 'your identity provider',
    place: 'Enter these where your identity provider asks for a SCIM 2.0 service.',
    endpointField: 'SCIM 2.0 endpoint',
    tokenField: 'Bearer token',
    fields: [['Authentication', 'HTTP header “Authorization: Bearer TOKEN”']],
    next: ['Test the connection there, and start the first sync.'],
  },
} as const satisfies Readonly<Record<string, ProviderGuide>>;

type ProviderKind = keyof typeof PROVIDERS;

export const guideOf = (provider: ProviderKind | undefined): ProviderGuide =>
  PROVIDERS[provider ?? 'Other'];

export const nameInSentence = ({ name, inSentence = name }: ProviderGuide): string => inSentence;
