/** Bodies as JSON: what is parsed, and what is refused although JSON.parse would accept it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScimError } from '../../src/scim/error.ts';
import { parseJson } from '../../src/scim-server/json.ts';

describe('a body', () => {
  it('is read as JSON.parse reads it, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, 3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['a duplicate key', '{"userName":"a","userName":"b"}'],
    ['a duplicate key, escaped once', '{"userName":"a","user\\u004eame":"b"}'],
    ['a duplicate key inside a list', '{"emails":[{"value":"a","type":"x","value":"b"}]}'],
    ['a duplicate key around an object', '{"name":{"value":"a"},"x":[{}],"name":1}'],
    ['a duplicate key after a string full of syntax', '{"a":"{\\"a\\":[\\\\","a":1}'],
    ['a million open brackets', '['.repeat(1_000_000)],
    ['a million levels', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`],
    ['a hundred levels of objects', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
    ['only a space', ' '],
    ['two values', '{} {}'],
    ['a byte order mark in front', '\uFEFF{}'],
  ])('with %s is refused', (_, text) => {
    expect(() => parseJson(text)).toThrow(ScimError);
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ scimType: 'invalidSyntax' }));
  });

  it.each([
    ['the same key in two objects', '[{"value":"a"},{"value":"a"}]'],
    ['the same text as key and value', '{"a":"a","b":["a","a"]}'],
    ['a key that is the name of a prototype', '{"__proto__":{"admin":true},"constructor":1}'],
  ])('with %s is accepted', (_, text) => {
    expect(JSON.stringify(parseJson(text))).toBe(text);
  });
});
