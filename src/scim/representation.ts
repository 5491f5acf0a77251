/** Resources as clients read them, in JSON: their attributes, and what the server adds. */
import { isoTime } from './iso-time.ts';
import type { StoredProfile } from './profile.ts';
import { EVERYTHING, type Projection, project, selectsAll } from './projection.ts';
import type { ResourceType } from './schema.ts';

interface Representable {
  /** Letters, digits and hyphens; see newId. */
  readonly id: string;
  readonly profile: Pick<StoredProfile, 'json' | 'externalId'>;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly lastModified: number;
}

interface Representation {
  /** The URL of the integration's endpoint, without a trailing slash. */
  readonly baseUrl: string;
  /** The ETag. */
  readonly version: string;
  /** A list that the server adds, with its name, as JSON: `"groups":[…]`. */
  readonly computed?: string | undefined;
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
  const { start, meta, extensions } = textsOf(type);
  let schemas = start;
  // Extensions come last in a profile.
  for (const { key, more } of extensions) if (json.lastIndexOf(key) >= 0) schemas += more;
  const known = externalId === null ? '",' : `","externalId":${JSON.stringify(externalId)},`;
  const attributes = json.length > 2 ? `${json.slice(1, -1)},` : '';
  const added = computed === undefined ? '' : `${computed},`;
  const since = isoTime(created);
  const last = lastModified === created ? since : isoTime(lastModified);
  const whole =
    `${schemas}],"id":"${id}${known}${attributes}${added}${meta}${since}","lastModified":"${last}` +
    `${startOfLocations(type, baseUrl)}${id}","version":${JSON.stringify(version)}}}`;
  if (selectsAll(projection, type)) return whole;
  return JSON.stringify(project(JSON.parse(whole), type, projection));
}

/** What the JSON of every resource of a type contains, in few pieces, because each is joined. */
interface Texts {
  readonly start: string;
  readonly meta: string;
  readonly extensions: readonly { readonly key: string; readonly more: string }[];
}

const texts = new WeakMap<ResourceType, Texts>();

/**
 * In JSON, a quoted URN before a colon is always a key, because a quote inside of a string is
 * escaped.
 */
function textsOf(type: ResourceType): Texts {
  let known = texts.get(type);
  if (known === undefined) {
    known = {
      start: `{"schemas":[${JSON.stringify(type.schema.id)}`,
      meta: `"meta":{"resourceType":${JSON.stringify(type.name)},"created":"`,
      extensions: type.extensions.map(({ schema }) => {
        const urn = JSON.stringify(schema.id);
        return { key: `${urn}:`, more: `,${urn}` };
      }),
    };
    texts.set(type, known);
  }
  return known;
}

/**
 * The URL of a resource: its `meta.location`, and the `$ref` of references to it (RFC 7643 §2.4).
 */
export function locationOf(type: ResourceType, baseUrl: string, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}

const locations = new WeakMap<ResourceType, { readonly baseUrl: string; readonly json: string }>();

/** What the URLs of all resources of the type begin with, as JSON. Most calls are for one page. */
function startOfLocations(type: ResourceType, baseUrl: string): string {
  const known = locations.get(type);
  if (known?.baseUrl === baseUrl) return known.json;
  const json = `","location":${JSON.stringify(locationOf(type, baseUrl, '')).slice(0, -1)}`;
  locations.set(type, { baseUrl, json });
  return json;
}
