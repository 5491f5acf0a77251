/**
 * Schemas as data (RFC 7643 §7): the one source for validation, `/Schemas`, projection, filter
 * resolution and indexes. Nothing here knows which schemas exist.
 */

export type AttributeType =
  | 'string'
  | 'boolean'
  | 'decimal'
  | 'integer'
  | 'dateTime'
  | 'binary'
  | 'reference'
  | 'complex';
type Mutability = 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
type Returned = 'always' | 'never' | 'default' | 'request';
type Uniqueness = 'none' | 'server' | 'global';

/** An attribute's definition with every characteristic of RFC 7643 §2.2 decided. */
export interface Attribute {
  readonly name: string;
  readonly type: AttributeType;
  readonly description: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: Mutability;
  readonly returned: Returned;
  readonly uniqueness: Uniqueness;
  readonly canonicalValues: readonly string[];
  readonly referenceTypes: readonly string[];
  /** Empty for every type but `complex`. */
  readonly subAttributes: readonly Attribute[];
}

export interface Schema {
  /** The URN. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

interface SchemaExtension {
  readonly schema: Schema;
  readonly required: boolean;
}

export interface ResourceType {
  readonly name: string;
  /** Relative to the base URL, with the leading slash. */
  readonly endpoint: string;
  readonly description: string;
  readonly schema: Schema;
  readonly extensions: readonly SchemaExtension[];
}

/** The characteristics that differ from the defaults of RFC 7643 §2.2. */
export type AttributeOptions = Partial<Omit<Attribute, 'name' | 'description'>>;

/** Builds a definition; omitted characteristics take the defaults of RFC 7643 §2.2. */
export function attribute(
  name: string,
  description: string,
  options: AttributeOptions = {},
): Attribute {
  const type = options.type ?? (options.subAttributes ? 'complex' : 'string');
  return {
    name,
    type,
    description,
    multiValued: false,
    required: false,
    caseExact: type === 'reference' || type === 'binary',
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    canonicalValues: [],
    referenceTypes: [],
    subAttributes: [],
    ...options,
  };
}

const indexes = new WeakMap<readonly Attribute[], ReadonlyMap<string, Attribute>>();

/** Finds a definition by name in any case (RFC 7643 §2.1). */
export function findAttribute(
  attributes: readonly Attribute[],
  name: string,
): Attribute | undefined {
  let index = indexes.get(attributes);
  if (index === undefined) {
    index = new Map(
      attributes.flatMap((each) => [
        [each.name, each],
        [each.name.toLowerCase(), each],
      ]),
    );
    indexes.set(attributes, index);
  }
  // Most clients write names as the schema does.
  return index.get(name) ?? index.get(name.toLowerCase());
}

/** Finds an extension of the resource type by URN in any case. */
export function findExtension(type: ResourceType, urn: string): Schema | undefined {
  const isMeant = ({ id }: Schema) =>
    id === urn || (id.length === urn.length && id.toLowerCase() === urn.toLowerCase());
  return type.extensions.find(({ schema }) => isMeant(schema))?.schema;
}
