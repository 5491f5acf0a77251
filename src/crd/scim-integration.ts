/** The custom resource ScimIntegration: one identity provider's access to a tenant. */
import * as z from 'zod';
import { conditions, observedGeneration } from './condition.ts';
import { directoryMark } from './directory-mark.ts';
import { DURATION_PATTERN } from './duration.ts';
import {
  DNS_LABEL,
  dateTime,
  displayName,
  literal,
  matching,
  objectName,
  rules,
  sameIn,
  tenantName,
} from './rules.ts';

const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const INTEGRATION_ID = '^[A-Za-z0-9_-]{21}$';

const duration = () =>
  matching(DURATION_PATTERN, 'must be a duration such as 24h or 1h30m').max(32);
const secretName = () =>
  matching(
    DNS_SUBDOMAIN,
    "must be the name of a Secret: lower case letters, digits, '-' and '.', with a letter or " +
      'digit at both ends',
  ).max(253);

const DURATION = literal(DURATION_PATTERN);

const Rotation = z
  .object({
    interval: duration()
      .describe(
        'Age at which the token is rotated, as a Go duration such as 720h. Must be longer than ' +
          'overlap. Has no effect while enabled is false. If unset, the token is rotated only on ' +
          'request.',
      )
      .optional(),
    overlap: duration()
      .describe(
        'How long the previous token works after a rotation, as a Go duration. Defaults to ' +
          '24h. A shorter value also shortens an overlap in progress; a longer one takes effect ' +
          'at the next rotation.',
      )
      .optional(),
  })
  .meta(
    rules({
      // An invalid duration has its own message. Converting it would add an obscure one.
      rule:
        `!has(self.interval) || !self.interval.matches(${DURATION}) || (has(self.overlap) && ` +
        `!self.overlap.matches(${DURATION})) || duration(self.interval) > ` +
        `duration(has(self.overlap) ? self.overlap : '24h')`,
      message: 'must be longer than overlap, which is 24h unless set',
      fieldPath: '.interval',
    }),
  )
  .describe('When the token is rotated.');

const ExistingSecret = z
  .object({
    name: secretName().describe('Name of the Secret, in the same namespace.'),
    key: matching(
      '^[-._a-zA-Z0-9]+$',
      "must be the key in a Secret: letters, digits, '-', '_' and '.'",
    )
      .max(253)
      .describe('Key of the token in the Secret.'),
  })
  .describe(
    'Uses the token in a Secret that you maintain instead of generating one: 32 to 1,024 ' +
      'visible ASCII characters. The Secret must have the label scim-operator.dev/token: "true" ' +
      'and must not have been created by the operator. Cannot be combined ' +
      'with secretName or rotation.',
  );

const Token = z
  .object({
    secretName: secretName()
      .describe(
        'Name of the Secret that the token is written to. Defaults to <name>-scim-token. If ' +
          'you change it, the same token moves to the new Secret, and the old Secret is deleted.',
      )
      .optional(),
    existingSecret: ExistingSecret.optional(),
    rotation: Rotation.optional(),
  })
  .meta(
    rules({
      rule: '!has(self.existingSecret) || (!has(self.secretName) && !has(self.rotation))',
      message:
        'cannot be combined with secretName or rotation: you maintain and rotate this token ' +
        'yourself',
      fieldPath: '.existingSecret',
    }),
  )
  .describe('Where the token is stored, and when it is rotated.');

const Spec = z
  .object({
    displayName: displayName().optional(),
    description: z.string().max(1024).describe('Purpose of the integration.').optional(),
    type: z
      .enum(['SCIM2'])
      .describe('Protocol. SCIM2 is the default and the only value.')
      .optional(),
    enabled: z
      .boolean()
      .describe(
        'Whether SCIM requests of this integration are served. If false, every request is ' +
          'refused; the token, endpoint and data are kept. Defaults to true.',
      )
      .optional(),
    tenant: tenantName()
      .describe(
        'Tenant whose directory is provisioned. Defaults to the name of the namespace. Any ' +
          'other tenant must be allowed by a ScimTenant. Immutable, even when unset.',
      )
      .optional(),
    integrationId: matching(INTEGRATION_ID, 'must be 21 characters of A-Z, a-z, 0-9, _ and -')
      .max(21)
      .describe(
        'Pins the id in the endpoint (21 characters of A-Z, a-z, 0-9, _ and -), so that the ' +
          'endpoint survives a move to another cluster. Generated if unset; immutable once set.',
      )
      .optional(),
    identityProvider: z
      .enum(['Okta', 'EntraID', 'Authentik', 'Keycloak', 'Other'])
      .describe(
        'Identity provider that provisions. For information only: the behaviour is the same ' +
          'for all. Defaults to Other.',
      )
      .optional(),
    token: Token.optional(),
    deletionPolicy: z
      .enum(['Retain', 'Delete'])
      .describe(
        'What happens to provisioned users and groups when the integration is deleted. Retain, ' +
          'the default, keeps them. Delete deprovisions those that no other integration ' +
          'provisioned.',
      )
      .optional(),
  })
  .describe('Desired state of the integration. Every field is optional.');

const Reference = (kind: string) =>
  z.object({ name: objectName().describe(`Name of the ${kind}, in the same namespace.`) });

const Status = z
  .object({
    observedGeneration: observedGeneration().optional(),
    directory: directoryMark().optional(),
    tenant: z.string().max(63).describe('Tenant in use.').optional(),
    integrationId: z.string().max(64).describe('Id in the endpoint.').optional(),
    endpoint: z
      .string()
      .max(2048)
      .describe('SCIM base URL to enter at the identity provider.')
      .optional(),
    tokenSecretRef: z
      .object({
        name: objectName().describe('Name of the Secret, in the same namespace.'),
        key: objectName().describe('Key of the token in the Secret.'),
      })
      .describe('Where the token is stored.')
      .optional(),
    tokenKeyId: z
      .string()
      .max(64)
      .describe('Public part of the current token, which identifies it.')
      .optional(),
    tokenIssuedAt: dateTime()
      .describe('When the current token was generated, or first seen in the Secret.')
      .optional(),
    tokenLastUsedTime: dateTime()
      .describe('When a request last used the current token; refreshed at most once a minute.')
      .optional(),
    previousTokenExpiresAt: dateTime()
      .describe('When the previous token stops working. Present only while it works.')
      .optional(),
    previousTokenLastUsedTime: dateTime()
      .describe(
        'When a request last used the previous token; refreshed at most once a minute. Present ' +
          'only while that token works. If it lies before the rotation, the identity provider no ' +
          'longer uses that token.',
      )
      .optional(),
    lastHandledRotate: z
      .string()
      .max(1024)
      .describe(
        'Value of the rotate annotation that was last acted on, truncated to 1,024 characters; ' +
          'empty before the first.',
      )
      .optional(),
    serviceAccountRef: Reference('ServiceAccount')
      .describe('ServiceAccount of the integration.')
      .optional(),
    roleRef: Reference('Role').describe('Role of the integration.').optional(),
    roleBindingRef: Reference('RoleBinding').describe('RoleBinding of the integration.').optional(),
    users: z.int().min(0).describe('Number of users that this integration provisioned.').optional(),
    groups: z
      .int()
      .min(0)
      .describe('Number of groups that this integration provisioned.')
      .optional(),
    lastRequestTime: dateTime()
      .describe('When the identity provider last sent a request; refreshed at most once a minute.')
      .optional(),
    conditions: conditions(
      'Ready, TokenReady and RBACReady. Reconciling, Stalled, Paused, Contended and ' +
        'InvalidAnnotation are present only while true.',
    ).optional(),
  })
  .meta({ default: { observedGeneration: -1 } })
  .describe('Observed state, as written by the operator.');

export const ScimIntegration = z
  .object({
    metadata: z.object({
      name: z.string().max(52).optional(),
    }),
    spec: Spec.optional(),
    status: Status.optional(),
  })
  .meta(
    rules(
      {
        rule: `self.metadata.name.matches(${literal(DNS_LABEL)})`,
        message: "must be a DNS label: lower case letters, digits and '-', without dots",
        fieldPath: '.metadata.name',
      },
      {
        rule: sameIn('tenant'),
        message: 'is immutable, even when unset; create another integration for another tenant',
        fieldPath: '.spec.tenant',
      },
      {
        rule:
          '!(has(oldSelf.spec) && has(oldSelf.spec.integrationId)) || (has(self.spec) && ' +
          'has(self.spec.integrationId) && self.spec.integrationId == ' +
          'oldSelf.spec.integrationId)',
        message:
          'is immutable once set, because identity providers use the endpoint that contains it',
        fieldPath: '.spec.integrationId',
      },
      {
        rule:
          '!(has(self.spec) && has(self.spec.integrationId)) || (has(oldSelf.spec) && ' +
          'has(oldSelf.spec.integrationId)) || !has(oldSelf.status) || ' +
          '!has(oldSelf.status.integrationId) || oldSelf.status.integrationId == ' +
          'self.spec.integrationId',
        message: 'can only be set to the id that the integration already has, status.integrationId',
        fieldPath: '.spec.integrationId',
      },
    ),
  )
  .describe("One identity provider's SCIM access to a tenant: an endpoint and a token.");

export type ScimIntegrationSpec = z.infer<typeof Spec>;
export type ScimIntegrationStatus = z.infer<typeof Status>;
