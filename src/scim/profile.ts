/** The attributes of a resource as the JSON text that rows contain and responses repeat. */
import type { Attributes } from './resource.ts';

/** Most responses need only the text, so it is parsed when the attributes are first read. */
export class StoredProfile {
  /** A JSON object without externalId, because that depends on the calling integration. */
  readonly json: string;
  readonly externalId: string | null;
  #attributes: Attributes | undefined;

  /** `attributes` are the same as the text and the externalId, if they are known already. */
  constructor(json: string, externalId: string | null, attributes?: Attributes) {
    this.json = json;
    this.externalId = externalId;
    this.#attributes = attributes;
  }

  static of(attributes: Attributes): StoredProfile {
    const { externalId, ...profile } = attributes;
    const known = typeof externalId === 'string' ? externalId : null;
    return new StoredProfile(JSON.stringify(profile), known, attributes);
  }

  /** With the externalId. */
  get attributes(): Attributes {
    this.#attributes ??= this.#parsed();
    return this.#attributes;
  }

  #parsed(): Attributes {
    const profile: Attributes = JSON.parse(this.json);
    return this.externalId === null ? profile : { externalId: this.externalId, ...profile };
  }
}
