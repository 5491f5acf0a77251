/** Random PATCH bodies, some valid and some hostile, from the schemas of a resource type. */
import fc from 'fast-check';
import type { JsonValue } from '../../../src/scim/json.ts';
import type { Attribute, ResourceType } from '../../../src/scim/schema.ts';
import { coreAttributes } from '../../../src/scim/schemas/common.ts';
import { body } from './arbitrary-resources.ts';

export interface RandomOperation {
  readonly op: string;
  readonly path?: string;
  readonly value?: JsonValue;
}

const HOSTILE = [
  ...['__proto__', 'constructor', 'prototype.x', 'toString', 'hasOwnProperty', 'shoeSize'],
  ...['', ' ', '[', 'emails[', 'emails[]', 'emails[type eq "work"', 'urn:', 'a.b.c', '💼', '\0'],
];
const TEXTS = ['', 'a', 'A', 'b', 'work', 'home', 'true', 'False', 'é', '\ud800', '\0', '{"a":1}'];
const FILTERS = [
  ...['type eq "work"', 'type eq "home"', 'value eq "a"', 'primary eq "True"', 'value pr'],
  ...['type eq "work" and display eq "b"', 'not (value eq "a")', 'value sw "a" or type eq work'],
];

const text = fc.constantFrom(...TEXTS);
const scalar = fc.oneof(text, fc.boolean(), fc.constantFrom(0, 1.5), fc.constant(null));

/** Values of any shape, with known and unknown keys. */
export function looseValue(type: ResourceType): fc.Arbitrary<JsonValue> {
  const key = fc.constantFrom(...namesOf(type), ...pathsOf(type), ...HOSTILE);
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  return value;
}

function namesOf(type: ResourceType): readonly string[] {
  const all = [
    ...coreAttributes(type),
    ...type.extensions.flatMap((each) => each.schema.attributes),
  ];
  const names = all.flatMap(({ name, subAttributes }) => [
    name,
    ...subAttributes.map((sub) => sub.name),
  ]);
  return [...new Set(names), ...type.extensions.map(({ schema }) => schema.id)];
}

/** Every path of the type, without a filter. */
export function pathsOf(type: ResourceType): readonly string[] {
  const of = (prefix: string) => (attribute: Attribute) => [
    `${prefix}${attribute.name}`,
    ...attribute.subAttributes.map((sub) => `${prefix}${attribute.name}.${sub.name}`),
  ];
  return [
    ...coreAttributes(type).flatMap(of('')),
    ...type.extensions.flatMap(({ schema }) => schema.attributes.flatMap(of(`${schema.id}:`))),
  ];
}

/** The attributes of the type whose elements a filter can select. */
function plurals(type: ResourceType): readonly Attribute[] {
  return coreAttributes(type).filter((each) => each.multiValued && each.subAttributes.length > 0);
}

function selectedPath(type: ResourceType): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...plurals(type)), fc.constantFrom(...FILTERS))
    .chain(([{ name, subAttributes }, filter]) =>
      fc
        .constantFrom('', ...subAttributes.map((sub) => `.${sub.name}`))
        .map((sub) => `${name}[${filter}]${sub}`),
    );
}

/** Operations of every shape, most of them valid. */
export function operation(type: ResourceType): fc.Arbitrary<RandomOperation> {
  return fc.oneof(fittingOperation(type), looseOperation(type));
}

const op = fc.constantFrom('add', 'replace', 'remove', 'Add', 'Replace', 'Remove');

/** An operation whose value suits its path or, without a path, its keys. */
function fittingOperation(type: ResourceType): fc.Arbitrary<RandomOperation> {
  const whole = fc.record({ op, value: body(type, '') });
  const single = fc
    .tuple(op, body(type, ''), fc.nat())
    .map(([verb, values, index]): RandomOperation => {
      const [path, value] =
        Object.entries(values).at(index % (Object.keys(values).length || 1)) ?? [];
      return path === undefined || value === undefined
        ? { op: verb, path: 'title', value: 'Dr' }
        : { op: verb, path, value };
    });
  const selected = fc.record({
    op,
    path: selectedPath(type),
    value: fc.oneof(
      text,
      fc.boolean(),
      fc.record({ value: text, primary: fc.boolean() }, { requiredKeys: [] }),
    ),
  });
  return fc.oneof(whole, single, selected);
}

function looseOperation(type: ResourceType): fc.Arbitrary<RandomOperation> {
  const sound = fc.oneof(fc.constantFrom(...pathsOf(type)), selectedPath(type));
  const path = fc.oneof(
    { arbitrary: sound, weight: 8 },
    { arbitrary: fc.constantFrom(...HOSTILE), weight: 1 },
  );
  return fc.record(
    {
      op: fc.oneof({ arbitrary: op, weight: 12 }, { arbitrary: fc.constant('move'), weight: 1 }),
      path,
      value: fc.oneof(scalar, looseValue(type)),
    },
    { requiredKeys: ['op'] },
  );
}
