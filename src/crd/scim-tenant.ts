/** The custom resource ScimTenant: which namespaces may use a tenant. */
import * as z from 'zod';
import { conditions, observedGeneration } from './condition.ts';
import { LabelSelectorSchema } from './label-selector.ts';
import {
  DNS_LABEL,
  DNS_LABEL_MESSAGE,
  displayName,
  literal,
  matching,
  objectName,
  rules,
} from './rules.ts';

/** Number of integrations that the status lists. */
export const MAX_LISTED_INTEGRATIONS = 100;

const Namespaces = z.object({
  names: z
    .array(matching(DNS_LABEL, DNS_LABEL_MESSAGE).max(63))
    .max(1000)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Namespaces by name. Anyone who creates a namespace of that name gets its rights.')
    .optional(),
  selector: LabelSelectorSchema.describe(
    'Namespaces by their labels. If absent, selects none. If empty ({}), selects every ' +
      'namespace of the cluster.',
  ).optional(),
});

const Spec = z
  .object({
    displayName: displayName().optional(),
    namespaces: Namespaces.describe(
      'Namespaces that may provision the tenant with a ScimIntegration and bind its groups: ' +
        'those named and those selected.',
    ),
    bindingNamespaces: Namespaces.describe(
      'Namespaces that may only bind groups of the tenant, with a ScimGroupBinding. Anyone who ' +
        'can read the token of an integration decides who is in a group.',
    ).optional(),
  })
  .describe('Which namespaces may use the tenant.');

const IntegrationReference = z.object({
  namespace: z.string().max(63).describe('Namespace of the ScimIntegration.'),
  name: objectName().describe('Name of the ScimIntegration.'),
});

const Status = z
  .object({
    observedGeneration: observedGeneration().optional(),
    namespaces: z
      .int()
      .min(0)
      .describe('Number of namespaces with an integration that uses the tenant.')
      .optional(),
    integrations: z.int().min(0).describe('Number of integrations that use the tenant.').optional(),
    groupBindings: z
      .int()
      .min(0)
      .describe('Number of ScimGroupBindings that use the tenant.')
      .optional(),
    integrationRefs: z
      .array(IntegrationReference)
      .max(MAX_LISTED_INTEGRATIONS)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe(
        'The integrations that use the tenant, by namespace and name; the first ' +
          `${MAX_LISTED_INTEGRATIONS} of them.`,
      )
      .optional(),
    conditions: conditions('Ready. InvalidAnnotation is present only while true.').optional(),
  })
  .meta({ default: { observedGeneration: -1 } })
  .describe('Which objects use the tenant.');

export const ScimTenant = z
  .object({
    metadata: z.object({ name: z.string().max(63).optional() }),
    spec: Spec,
    status: Status.optional(),
  })
  .meta(
    rules({
      rule: `self.metadata.name.matches(${literal(DNS_LABEL)})`,
      message: `names the tenant: ${DNS_LABEL_MESSAGE}`,
      fieldPath: '.metadata.name',
    }),
  )
  .describe('Defines which namespaces may use the tenant of this name. All others are denied.');

export type ScimTenantSpec = z.infer<typeof Spec>;
export type ScimTenantStatus = z.infer<typeof Status>;
