/** The custom resource ScimIntegration: one identity provider's access to a tenant. */
import { z } from 'zod';
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
    "must be the name of a Secret: lower case letters, digits, '-' and '.', with a letter or digit at both ends",
  ).max(253);

const DURATION = literal(DURATION_PATTERN);

const Rotation = z
  .object({
    interval: duration()
      .describe(
        'Rotates the token when it is this old, as a Go duration such as 720h; not while enabled is false. Without it the token is rotated on request only.',
      )
      .optional(),
    overlap: duration()
      .describe(
        'How long the old token works after a rotation, as a Go duration. 24h when absent. Made shorter, it ends an overlap that is running; made longer, it counts from the next rotation on.',
      )
      .optional(),
  })
  .meta(
    rules({
      // What is no duration has its own message; converting it would add one that nobody understands.
      rule: `!has(self.interval) || !self.interval.matches(${DURATION}) || (has(self.overlap) && !self.overlap.matches(${DURATION})) || duration(self.interval) > duration(has(self.overlap) ? self.overlap : '24h')`,
      message: 'must be longer than overlap, which is 24h unless set',
      fieldPath: '.interval',
    }),
  )
  .describe('When the token is replaced by a new one.');

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
    'Uses the token in a Secret that you keep, instead of generating one: 32 to 1,024 visible ASCII characters. The Secret carries the label scim-operator.dev/token: "true" and is not one that the operator made.',
  );

const Token = z
  .object({
    secretName: secretName()
      .describe(
        'Name of the Secret that the token is written to; <name>-scim-token when absent. Changed: the same token moves, and the old Secret is deleted.',
      )
      .optional(),
    existingSecret: ExistingSecret.optional(),
    rotation: Rotation.optional(),
  })
  .meta(
    rules({
      rule: '!has(self.existingSecret) || (!has(self.secretName) && !has(self.rotation))',
      message: 'excludes secretName and rotation: the token is yours to keep and to rotate',
      fieldPath: '.existingSecret',
    }),
  )
  .describe('Where the token is, and when it is replaced.');

const Spec = z
  .object({
    displayName: displayName().optional(),
    description: z.string().max(1024).describe('What the integration is for.').optional(),
    type: z.enum(['SCIM2']).describe('Protocol; SCIM2, the only one, when absent.').optional(),
    enabled: z
      .boolean()
      .describe(
        'False: every SCIM request of this integration is refused, while its token, endpoint and data stay. True when absent.',
      )
      .optional(),
    tenant: tenantName()
      .describe(
        "Tenant whose directory is provisioned; the namespace's name when absent. Another than that must be allowed by a ScimTenant. Fixed at creation, whether set or not.",
      )
      .optional(),
    integrationId: matching(INTEGRATION_ID, 'must be 21 characters of A-Z, a-z, 0-9, _ and -')
      .max(21)
      .describe(
        'Pins the id in the endpoint (21 characters of A-Z, a-z, 0-9, _ and -), so that the endpoint survives a move to another cluster. Generated when absent; fixed once set.',
      )
      .optional(),
    identityProvider: z
      .enum(['Okta', 'EntraID', 'Authentik', 'Keycloak', 'Other'])
      .describe(
        'Product that provisions. It informs people: behaviour is the same for all. Other when absent.',
      )
      .optional(),
    token: Token.optional(),
    deletionPolicy: z
      .enum(['Retain', 'Delete'])
      .describe(
        'What happens to provisioned users and groups when the integration is deleted. Retain, the default: they stay. Delete: those that no other integration provisioned are deprovisioned.',
      )
      .optional(),
  })
  .describe('What the integration should be. Every field is optional.');

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
      .describe('Where the token is.')
      .optional(),
    tokenKeyId: z
      .string()
      .max(64)
      .describe('Public part of the current token, to recognise it by.')
      .optional(),
    tokenIssuedAt: dateTime()
      .describe('When the current token was generated, or first seen in the Secret.')
      .optional(),
    previousTokenExpiresAt: dateTime()
      .describe('Until when the token before works; only while it does.')
      .optional(),
    lastHandledRotate: z
      .string()
      .max(1024)
      .describe(
        'Value of the rotate annotation that was acted on last, its first 1,024 characters; empty before the first.',
      )
      .optional(),
    serviceAccountRef: Reference('ServiceAccount')
      .describe('ServiceAccount of the integration.')
      .optional(),
    roleRef: Reference('Role').describe('Role of the integration.').optional(),
    roleBindingRef: Reference('RoleBinding').describe('RoleBinding of the integration.').optional(),
    users: z.int().min(0).describe('Users that this integration provisioned.').optional(),
    groups: z.int().min(0).describe('Groups that this integration provisioned.').optional(),
    lastRequestTime: dateTime()
      .describe('When the identity provider was last here; refreshed at most once a minute.')
      .optional(),
    conditions: conditions(
      'Ready, TokenReady and RBACReady; Reconciling, Stalled, Paused, Contended and InvalidAnnotation only while true.',
    ).optional(),
  })
  .meta({ default: { observedGeneration: -1 } })
  .describe('What the operator found and made.');

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
        message:
          'is fixed at creation, whether set or not; create another integration for another tenant',
        fieldPath: '.spec.tenant',
      },
      {
        rule: '!(has(oldSelf.spec) && has(oldSelf.spec.integrationId)) || (has(self.spec) && has(self.spec.integrationId) && self.spec.integrationId == oldSelf.spec.integrationId)',
        message: 'is fixed once set: identity providers hold the endpoint with it',
        fieldPath: '.spec.integrationId',
      },
      {
        rule: '!(has(self.spec) && has(self.spec.integrationId)) || (has(oldSelf.spec) && has(oldSelf.spec.integrationId)) || !has(oldSelf.status) || !has(oldSelf.status.integrationId) || oldSelf.status.integrationId == self.spec.integrationId',
        message: 'can only be set to the id that the integration already has, status.integrationId',
        fieldPath: '.spec.integrationId',
      },
    ),
  )
  .describe("One identity provider's SCIM access to a tenant: an endpoint and a token.");

export type ScimIntegrationSpec = z.infer<typeof Spec>;
export type ScimIntegrationStatus = z.infer<typeof Status>;
