/** Random resources, filters and sort orders of any resource type, from its schemas. */
import fc from 'fast-check';
import type { AttributePath, CompareOperator, Filter, Literal } from '../../../src/scim/filter.ts';
import type { JsonObject, JsonValue } from '../../../src/scim/json.ts';
import { namesResource } from '../../../src/scim/references.ts';
import { type Attribute, attribute, type ResourceType } from '../../../src/scim/schema.ts';
import { coreAttributes } from '../../../src/scim/schemas/common.ts';

/** A schema with every kind of attribute that the standard schemas lack. */
export const ODDITIES = {
  id: 'urn:example:2.0:Oddities',
  name: 'Oddities',
  description: 'Attributes of every type.',
  attributes: [
    attribute('count', '', { type: 'integer' }),
    attribute('ratio', '', { type: 'decimal' }),
    attribute('hired', '', { type: 'dateTime' }),
    attribute('code', '', { caseExact: true }),
    attribute('tags', '', { multiValued: true }),
    attribute('sizes', '', { type: 'integer', multiValued: true }),
    attribute('visits', '', {
      multiValued: true,
      subAttributes: [
        attribute('value', '', { type: 'dateTime' }),
        attribute('length', '', { type: 'decimal' }),
        attribute('paid', '', { type: 'boolean' }),
        attribute('primary', '', { type: 'boolean' }),
      ],
    }),
  ],
};

/** In the form of an id. */
export const SOME_ID = '01934567-89ab-7cde-8f01-23456789abcd';

/** The URL of a user of another system with the same id. */
export const ELSEWHERE = `https://elsewhere.example/scim/v2/Users/${SOME_ID}`;

const TEXTS = [
  SOME_ID,
  ELSEWHERE,
  ...[
    '',
    'a',
    'A',
    'ab',
    'Ab',
    'b',
    'B a',
    'é',
    'e\u0301',
    'É',
    'ß',
    'ss',
    'İ',
    'i',
    '💼',
    '\uffee',
  ],
  ...['%', '_', "a'b", 'a"b', '\\', '10', '9', 'true', 'null', '$.a[0]', 'a\n', ' '],
];
const TIMES = [
  ...['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.500Z', '2026-01-01T01:00:00+01:00'],
  ...['2025-12-31T23:59:59.999Z', '2026-01-02'],
];

/**
 * Values of simple attributes, few enough to be often equal. References and ids also use `texts`.
 */
function simpleValue(
  { type }: Attribute,
  texts: readonly string[],
): fc.Arbitrary<string | number | boolean> {
  switch (type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.constantFrom(-1, 0, 1, 9, 10, Number.MAX_SAFE_INTEGER);
    case 'decimal':
      return fc.constantFrom(-1.5, 0, 0.5, 9, 10);
    case 'dateTime':
      return fc.constantFrom(...TIMES);
    default:
      return fc.constantFrom(...texts);
  }
}

function value(definition: Attribute): fc.Arbitrary<JsonValue> {
  if (!definition.multiValued) return single(definition);
  const list = fc.array(single(definition), { maxLength: 3 });
  return list.map((elements) =>
    elements.map((each, index) => withoutPrimary(each, index > 0)).filter(saysSomething),
  );
}

/** Whether an element isn't empty. A list of only empty elements is refused. */
const saysSomething = (element: JsonValue) =>
  typeof element !== 'object' || element === null || Object.keys(element).length > 0;

/** Removes `primary` from a later element, so that only one element is primary. */
function withoutPrimary(element: JsonValue, later: boolean): JsonValue {
  if (!later || typeof element !== 'object' || element === null || Array.isArray(element)) {
    return element;
  }
  const { primary: _, ...rest } = element as JsonObject;
  return rest;
}

function single(definition: Attribute): fc.Arbitrary<JsonValue> {
  return definition.type === 'complex'
    ? object(definition.subAttributes)
    : simpleValue(definition, TEXTS);
}

function object(attributes: readonly Attribute[]): fc.Arbitrary<JsonObject> {
  const writable = attributes.filter(({ mutability }) => mutability !== 'readOnly');
  const values = Object.fromEntries(writable.map((each) => [each.name, value(each)]));
  return fc.record(values, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}

/** A body that a client may write, without the unique attribute. */
export function body(type: ResourceType, unique: string): fc.Arbitrary<JsonObject> {
  const core = coreAttributes(type).filter(({ name }) => name !== unique && name !== 'members');
  const extensions = type.extensions.map(({ schema }) => [schema.id, object(schema.attributes)]);
  return fc
    .tuple(object(core), fc.record(Object.fromEntries(extensions), { requiredKeys: [] }))
    .chain(([held, extended]) =>
      fc.boolean().map((reversed) => ({ ...(reversed ? reverseLists(held) : held), ...extended })),
    );
}

/** Reverses lists, so that the primary element isn't always the first. */
function reverseLists(holder: JsonObject): JsonObject {
  const entries = Object.entries(holder);
  return Object.fromEntries(
    entries.map(([name, each]) => [name, Array.isArray(each) ? each.toReversed() : each]),
  );
}

interface Named {
  readonly path: AttributePath;
  readonly attribute: Attribute;
}

function pathsOf(type: ResourceType): readonly Named[] {
  const core = coreAttributes(type).map((each) => ({ urn: undefined, attribute: each }));
  const extended = type.extensions.flatMap(({ schema }) =>
    schema.attributes.map((each) => ({ urn: schema.id, attribute: each })),
  );
  return [...core, ...extended]
    .filter(({ attribute: { returned } }) => returned !== 'never')
    .map(({ urn, attribute: each }) => ({
      path: { urn, name: each.name, sub: undefined },
      attribute: each,
    }));
}

function withSubs({ path, attribute: outer }: Named): readonly Named[] {
  return outer.subAttributes
    .filter(({ name }) => `${outer.name}.${name}` !== 'meta.location')
    .map((sub) => ({ path: { ...path, sub: sub.name }, attribute: sub }));
}

const EQUALITY: readonly CompareOperator[] = ['eq', 'ne'];
const ORDER: readonly CompareOperator[] = ['gt', 'ge', 'lt', 'le'];
const PARTS: readonly CompareOperator[] = ['co', 'sw', 'ew'];

function operatorsOf(definition: Attribute): readonly CompareOperator[] {
  const { type } = definition;
  if (namesResource(definition)) return [...EQUALITY, 'ew'];
  if (type === 'boolean' || type === 'binary') {
    return type === 'binary' ? [...EQUALITY, ...PARTS] : EQUALITY;
  }
  const isText = type === 'string' || type === 'reference';
  return [...EQUALITY, ...ORDER, ...(isText ? PARTS : [])];
}

function comparison(
  { path, attribute: each }: Named,
  texts: readonly string[],
): fc.Arbitrary<Filter> {
  const valued = fc.tuple(fc.constantFrom(...operatorsOf(each)), simpleValue(each, texts));
  const nothing = fc.tuple(fc.constantFrom(...EQUALITY), fc.constant<Literal>(null));
  return fc
    .oneof({ arbitrary: valued, weight: 6 }, { arbitrary: nothing, weight: 1 })
    .map(([operator, literal]) => ({ kind: 'compare', path, operator, value: literal }));
}

const presence = ({ path }: Named): fc.Arbitrary<Filter> => fc.constant({ kind: 'present', path });

function combined(leaf: fc.Arbitrary<Filter>, depth: number): fc.Arbitrary<Filter> {
  if (depth === 0) return leaf;
  const inner = combined(leaf, depth - 1);
  const terms = fc.array(inner, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    { arbitrary: leaf, weight: 4 },
    { arbitrary: fc.record({ kind: fc.constantFrom('and', 'or'), terms }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant('not'), term: inner }), weight: 1 },
  );
}

/** `emails[…]`, and `tags[value …]` for a list of plain values. */
function elements(
  { path, attribute: outer }: Named,
  texts: readonly string[],
): fc.Arbitrary<Filter> {
  const inside: readonly Named[] =
    outer.type === 'complex'
      ? outer.subAttributes.map((sub) => ({ path: relative(sub.name), attribute: sub }))
      : [{ path: relative('value'), attribute: outer }];
  const leaf = fc
    .constantFrom(...inside)
    .chain((each) => fc.oneof(comparison(each, texts), presence(each)));
  return combined(leaf, 1).map((filter) => ({ kind: 'any', path, filter }));
}

const relative = (name: string): AttributePath => ({ urn: undefined, name, sub: undefined });

/** Filters of the whole grammar, which also compare with `texts`. */
export function filters(type: ResourceType, texts: readonly string[]): fc.Arbitrary<Filter> {
  const all = [...TEXTS, ...texts];
  const named = pathsOf(type);
  const simple = named.filter(({ attribute: each }) => each.type !== 'complex');
  const subs = named.flatMap(withSubs);
  const computed = ['meta', 'schemas'];
  const selectable = named.filter(
    ({ attribute: each }) =>
      (each.multiValued || each.type === 'complex') && !computed.includes(each.name),
  );
  const leaf = fc.oneof(
    fc.constantFrom(...simple, ...subs).chain((each) => comparison(each, all)),
    fc.constantFrom(...named, ...subs).chain(presence),
    fc.constantFrom(...selectable).chain((each) => elements(each, all)),
  );
  return combined(leaf, 2);
}

/** The names by which lists can be sorted. */
export function sortableNames(type: ResourceType): readonly string[] {
  const relations = ['members', 'groups', 'schemas'];
  return pathsOf(type)
    .filter(({ attribute: { name } }) => !relations.includes(name))
    .flatMap((each) => (each.attribute.type === 'complex' ? withSubs(each) : [each]))
    .map(({ path: { urn, name, sub } }) =>
      [urn === undefined ? name : `${urn}:${name}`, sub].filter(Boolean).join('.'),
    );
}
