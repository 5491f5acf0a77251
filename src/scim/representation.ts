/** Resources as clients read them: attributes with what the server knows of the resource. */
import type { JsonObject } from './json.ts';
import type { Attributes } from './resource.ts';
import type { ResourceType } from './schema.ts';

export interface Representable {
  readonly id: string;
  readonly attributes: Attributes;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly lastModified: number;
}

/** `computed` holds `groups` or `members`. `baseUrl` is that of the integration's endpoint, without a trailing slash. */
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

/** The URL of a resource: `meta.location`, and `$ref` where another one names it (RFC 7643 §2.4). */
export function locationOf(type: ResourceType, baseUrl: string, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}

export function etag(version: number, digest?: string): string {
  return `W/"${version}${digest === undefined ? '' : `.${digest}`}"`;
}

const TAG = /(?:W\/)?"(\d{1,15})(?:\.[^"]*)?"/;

/** The tag of the version alone, of one that may carry a digest; undefined for what is no tag of ours. */
export function versionTag(tag: string): string | undefined {
  const [whole, version] = TAG.exec(tag.trim()) ?? [];
  return version !== undefined && whole === tag.trim() ? etag(Number(version)) : undefined;
}

/** The versions that an If-Match names; undefined for `*`. Tags that are not ours match nothing. */
export function parseIfMatch(header: string): ReadonlySet<number> | undefined {
  if (header.trim() === '*') return undefined;
  const tags = [...header.matchAll(new RegExp(TAG, 'g'))];
  return new Set(tags.map((tag) => Number(tag[1])));
}

/** RFC 9110 §13.1.2, weak comparison. */
export function matchesEtag(header: string, current: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((tag) => opaque(tag) === opaque(current));
}
