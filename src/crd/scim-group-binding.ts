/** The custom resource ScimGroupBinding: the members of a SCIM group get a role in a namespace. */
import * as z from 'zod';
import { conditions, observedGeneration } from './condition.ts';
import { directoryMark } from './directory-mark.ts';
import {
  DNS_LABEL,
  DNS_LABEL_MESSAGE,
  literal,
  matching,
  rules,
  sameIn,
  tenantName,
} from './rules.ts';

const Group = z
  .object({
    displayName: z
      .string()
      .min(1)
      .max(1024)
      .describe('displayName of the group, case-insensitive; unique in the tenant.')
      .optional(),
    externalId: z
      .string()
      .min(1)
      .max(1024)
      .describe(
        'externalId that an integration of the tenant gave the group, case-sensitive. It ' +
          'survives a change of the displayName.',
      )
      .optional(),
  })
  .meta(
    rules({
      rule: 'has(self.displayName) != has(self.externalId)',
      message: 'must have exactly one of displayName and externalId',
    }),
  )
  .describe('The SCIM group: exactly one of displayName and externalId.');

const RoleRef = z
  .object({
    kind: z
      .enum(['Role', 'ClusterRole'])
      .describe(
        'A Role in the same namespace, or a ClusterRole that the operator may bind, whose ' +
          'permissions then apply only in this namespace.',
      ),
    name: matching(
      '^([^/%.]|[.][^/%.]|[.][.][^/%])[^/%]*$',
      "must be the name of a role: not '.' or '..', and without '/' and '%'",
    )
      .min(1)
      .max(253)
      .describe('Name of the role.'),
  })
  .meta(
    rules({
      rule: 'self == oldSelf',
      message: 'is immutable; create another ScimGroupBinding for another role',
    }),
  )
  .describe('The role to grant. Immutable. The author must hold the verb `bind` on it.');

const Spec = z
  .object({
    tenant: tenantName()
      .describe(
        'Tenant that the group belongs to. Defaults to the name of the namespace. Any other ' +
          'tenant must be allowed by a ScimTenant. Immutable, even when unset.',
      )
      .optional(),
    group: Group,
    roleRef: RoleRef,
  })
  .describe('Which group gets which role.');

const Status = z
  .object({
    observedGeneration: observedGeneration().optional(),
    directory: directoryMark().optional(),
    tenant: z.string().max(63).describe('Tenant in use.').optional(),
    group: z
      .object({
        id: z.string().max(64).describe('SCIM id of the group.'),
        displayName: z.string().max(1024).describe('displayName of the group.'),
      })
      .describe('The group that was found.')
      .optional(),
    members: z
      .int()
      .min(0)
      .describe(
        'Number of users that have the role: active members of the group, direct and nested.',
      )
      .optional(),
    roleBindings: z.int().min(0).describe('Number of RoleBindings that grant the role.').optional(),
    conditions: conditions(
      'Ready. Reconciling, Stalled, Contended, InvalidAnnotation, ForeignRoleBindings and ' +
        'Unguarded are present only while they apply.',
    ).optional(),
  })
  .meta({ default: { observedGeneration: -1 } })
  .describe('Observed state, as written by the operator.');

export const ScimGroupBinding = z
  .object({
    metadata: z.object({ name: z.string().max(63).optional() }),
    spec: Spec,
    status: Status.optional(),
  })
  .meta(
    rules(
      {
        rule: `self.metadata.name.matches(${literal(DNS_LABEL)})`,
        message: DNS_LABEL_MESSAGE,
        fieldPath: '.metadata.name',
      },
      {
        rule: sameIn('tenant'),
        message:
          'is immutable, even when unset; create another ScimGroupBinding for another tenant',
        fieldPath: '.spec.tenant',
      },
    ),
  )
  .describe(
    'Grants the members of a SCIM group a role in this namespace for as long as they are members.',
  );

export type ScimGroupBindingSpec = z.infer<typeof Spec>;
export type ScimGroupBindingStatus = z.infer<typeof Status>;
