/** Attributes that every resource has (RFC 7643 §3.1); no schema lists them. */
import { type Attribute, attribute, type ResourceType } from '../schema.ts';

export const VERSION_ATTRIBUTE = attribute('version', 'Version, the same as the ETag.', {
  caseExact: true,
  mutability: 'readOnly',
});

export const COMMON_ATTRIBUTES = [
  attribute('schemas', 'URNs of the schemas whose attributes the resource contains.', {
    type: 'reference',
    multiValued: true,
    required: true,
    returned: 'always',
    mutability: 'readOnly',
  }),
  attribute('id', 'Identifier assigned by the server; never reused.', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute(
    'externalId',
    "The provisioning client's own identifier; each client sees only its own.",
    {
      caseExact: true,
    },
  ),
  attribute('meta', 'Metadata that the server maintains.', {
    mutability: 'readOnly',
    subAttributes: [
      attribute('resourceType', 'Name of the resource type.', {
        caseExact: true,
        mutability: 'readOnly',
      }),
      attribute('created', 'When the resource was created.', {
        type: 'dateTime',
        mutability: 'readOnly',
      }),
      attribute('lastModified', 'When the resource last changed.', {
        type: 'dateTime',
        mutability: 'readOnly',
      }),
      attribute('location', 'URL of the resource.', { type: 'reference', mutability: 'readOnly' }),
      VERSION_ATTRIBUTE,
    ],
  }),
];

const cores = new WeakMap<ResourceType, readonly Attribute[]>();

/**
 * The top-level attributes of a resource of this type: those of its core schema and the common
 * ones.
 */
export function coreAttributes(type: ResourceType): readonly Attribute[] {
  let attributes = cores.get(type);
  if (attributes === undefined) {
    attributes = [...COMMON_ATTRIBUTES, ...type.schema.attributes];
    cores.set(type, attributes);
  }
  return attributes;
}
