/** Resources as clients read them: their attributes, and what the server adds. */
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
 * `computed` contains `groups` or `members`. `baseUrl` is the URL of the integration's endpoint,
 * without a trailing slash.
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
 * The URL of a resource: its `meta.location`, and the `$ref` of references to it (RFC 7643 §2.4).
 */
export function locationOf(type: ResourceType, baseUrl: string, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}
