/** Resources as clients read them, in JSON: their attributes, and what the server adds. */
import type { StoredProfile } from './profile.ts';
import { EVERYTHING, type Projection, project, selectsAll } from './projection.ts';
import type { ResourceType } from './schema.ts';

interface Representable {
  readonly id: string;
  readonly profile: StoredProfile;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly lastModified: number;
}

interface Representation {
  /** The URL of the integration's endpoint, without a trailing slash. */
  readonly baseUrl: string;
  /** The ETag. */
  readonly version: string;
  /** A list that the server adds: `groups` or `members`. Its elements are JSON. */
  readonly computed?: { readonly name: string; readonly elements: readonly string[] } | undefined;
  /** By default, everything. */
  readonly projection?: Projection;
}

/**
 * Returns JSON. The text of the profile is joined as it is; only what a projection leaves out makes
 * it be parsed and printed again.
 */
export function represent(
  { id, profile, created, lastModified }: Representable,
  type: ResourceType,
  { baseUrl, version, computed, projection = EVERYTHING }: Representation,
): string {
  const { json, externalId } = profile;
  const known = externalId === null ? '' : `"externalId":${JSON.stringify(externalId)},`;
  const attributes = json.length > 2 ? `${json.slice(1, -1)},` : '';
  const added = computed === undefined ? '' : `"${computed.name}":[${computed.elements.join()}],`;
  const meta =
    `{"resourceType":${JSON.stringify(type.name)},"created":"${new Date(created).toISOString()}",` +
    `"lastModified":"${new Date(lastModified).toISOString()}",` +
    `"location":${referenceTo(type, baseUrl, id)},"version":${JSON.stringify(version)}}`;
  const whole =
    `{"schemas":[${schemasIn(json, type)}],"id":${JSON.stringify(id)},` +
    `${known}${attributes}${added}"meta":${meta}}`;
  if (selectsAll(projection, type)) return whole;
  return JSON.stringify(project(JSON.parse(whole), type, projection));
}

/**
 * The URNs of the schemas that the profile contains, as JSON. In JSON text, a quoted URN before a
 * colon is a key, because a quote inside of a string is escaped.
 */
function schemasIn(json: string, { schema, extensions }: ResourceType): string {
  let urns = JSON.stringify(schema.id);
  for (const extension of extensions) {
    const urn = JSON.stringify(extension.schema.id);
    if (json.includes(`${urn}:`)) urns += `,${urn}`;
  }
  return urns;
}

/**
 * The URL of a resource: its `meta.location`, and the `$ref` of references to it (RFC 7643 §2.4).
 */
export function locationOf(type: ResourceType, baseUrl: string, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}

/** The URL of a resource as JSON. */
export function referenceTo(type: ResourceType, baseUrl: string, id: string): string {
  return JSON.stringify(locationOf(type, baseUrl, id));
}
