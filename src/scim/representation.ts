/** Resources as clients read them: attributes with what the server knows of the resource. */
import type { JsonObject } from './json.ts';
import type { Attributes } from './resource.ts';
import type { ResourceType } from './schema.ts';

interface Representable {
  readonly id: string;
  readonly attributes: Attributes;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly lastModified: number;
}

/**
 * `computed` holds `groups` or `members`. `baseUrl` is that of the integration's endpoint, without
 * a trailing slash.
 */
export function represent(
  resource: Representable,
  type: ResourceType,
  baseUrl: string,
  version: string,
  computed: JsonObject = {},
): JsonObject {
  const { externalId, ...attributes } = resource.attributes;
  return {
    schemas: schemasIn(attributes, type),
    id: resource.id,
    ...(externalId === undefined ? {} : { externalId }),
    ...attributes,
    ...computed,
    meta: {
      resourceType: type.name,
      created: new Date(resource.created).toISOString(),
      lastModified: new Date(resource.lastModified).toISOString(),
      location: locationOf(type, baseUrl, resource.id),
      version,
    },
  };
}

function schemasIn(attributes: Attributes, type: ResourceType): readonly string[] {
  const extensions = type.extensions.filter(({ schema }) => Object.hasOwn(attributes, schema.id));
  return [type.schema.id, ...extensions.map(({ schema }) => schema.id)];
}

/**
 * The URL of a resource: `meta.location`, and `$ref` where another one names it (RFC 7643 §2.4).
 */
export function locationOf(type: ResourceType, baseUrl: string, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}
