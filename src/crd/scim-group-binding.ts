/** The custom resource ScimGroupBinding: gives the members of a SCIM group a role in a namespace. */
import { z } from 'zod';
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
      .describe('displayName of the group, whatever its case; unique in the tenant.')
      .optional(),
    externalId: z
      .string()
      .min(1)
      .max(1024)
      .describe(
        'externalId that an integration of the tenant gave the group, in the same case. It survives a change of the displayName.',
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
        'A Role of the same namespace, or a ClusterRole that the operator may bind; its permissions then hold in the namespace only.',
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
      message: 'is fixed at creation; create another ScimGroupBinding for another role',
    }),
  )
  .describe(
    'The role that is given. Fixed at creation; whoever creates it must hold `bind` on it.',
  );

const Spec = z
  .object({
    tenant: tenantName()
      .describe(
        "Tenant whose group it is; the namespace's name when absent. Another than that must be allowed by a ScimTenant. Fixed at creation, whether set or not.",
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
        id: z.string().max(64).describe('Its id in SCIM.'),
        displayName: z.string().max(1024).describe('Its displayName.'),
      })
      .describe('The group that was found.')
      .optional(),
    members: z
      .int()
      .min(0)
      .describe('Users that have the role: active members of the group, direct and nested.')
      .optional(),
    roleBindings: z.int().min(0).describe('RoleBindings that they are in.').optional(),
    conditions: conditions(
      'Ready; Reconciling, Stalled, InvalidAnnotation, ForeignRoleBindings and Unguarded only while they say something.',
    ).optional(),
  })
  .meta({ default: { observedGeneration: -1 } })
  .describe('What the operator found and made.');

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
          'is fixed at creation, whether set or not; create another ScimGroupBinding for another tenant',
        fieldPath: '.spec.tenant',
      },
    ),
  )
  .describe('Gives the members of a SCIM group a role in this namespace, for as long as they are.');

export type ScimGroupBindingSpec = z.infer<typeof Spec>;
export type ScimGroupBindingStatus = z.infer<typeof Status>;
