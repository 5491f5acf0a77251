/** A resource as clients write it and the directory keeps it, apart from what only the server knows of it. */
import type { JsonValue } from './json.ts';

/**
 * Attribute values under the schema's own spelling of their names; extension attributes in an object
 * under the extension's URN. Holds what clients may write, `externalId` included; never `schemas`, `id`,
 * `meta`, `groups` of a user, `password`, unknown names, null, [] or an empty object.
 * `members` of a group appears in what a client sent, and is kept apart from there on (see members.ts).
 */
export type Attributes = { readonly [name: string]: JsonValue };
