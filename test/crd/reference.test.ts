import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fieldTable, fillIn } from '../../hack/generate/tables.ts';
import { CONDITION, EVENT, REASON } from '../../src/crd/reasons.ts';
import { ScimGroupBinding } from '../../src/crd/scim-group-binding.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { ScimTenant } from '../../src/crd/scim-tenant.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';

const document = readFileSync('docs/reference/scimintegration.md', 'utf8');
const bindings = readFileSync('docs/reference/scimgroupbinding.md', 'utf8');
const tenants = readFileSync('docs/reference/scimtenant.md', 'utf8');
const PAGES = [
  ['ScimIntegration', document, ScimIntegration],
  ['ScimTenant', readFileSync('docs/reference/scimtenant.md', 'utf8'), ScimTenant],
  ['ScimGroupBinding', bindings, ScimGroupBinding],
] as const;

describe.each(PAGES)('the reference of %s', (_, page, schema) => {
  it.each(['spec', 'status'] as const)('documents every field of %s', (part) => {
    const table = fieldTable(structuralSchema(schema), part);
    expect(fillIn(page, part, table)).toBe(page);
  });
});

describe('the reference', () => {
  it.each([
    ['condition', CONDITION],
    ['reason', REASON],
    ['event', EVENT],
  ])('documents every %s of the operator', (_, names) => {
    expect(
      Object.values(names).filter(
        (name) => !`${document}${bindings}${tenants}`.includes(`\`${name}\``),
      ),
    ).toEqual([]);
  });
});

describe('fieldTable', () => {
  it('lists fields below their parents, includes elements of lists, and escapes Markdown', () => {
    const schema = {
      properties: {
        spec: {
          properties: {
            a: {
              type: 'object',
              description: 'One | two <x>.',
              properties: { b: { type: 'string', maxLength: 1024 } },
            },
            c: {
              type: 'array',
              items: { type: 'object', properties: { d: { enum: ['X', 'Y'] } } },
            },
            e: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } },
          },
        },
      },
    };
    expect(fieldTable(schema, 'spec').split('\n').slice(2)).toEqual([
      '| `a` | object | One \\| two &lt;x>. |',
      '| `a.b` | string, up to 1,024 |  |',
      '| `c` | list of objects |  |',
      '| `c[].d` | `X`, `Y` |  |',
      '| `e` | map of strings, up to 63 |  |',
    ]);
  });
});

describe('fillIn', () => {
  it('replaces the text between the marks, even repeatedly', () => {
    const empty = 'a\n<!-- generated: x -->\n<!-- end: x -->\nb\n';
    const once = fillIn(empty, 'x', 'one');
    expect(once).toBe('a\n<!-- generated: x -->\none\n<!-- end: x -->\nb\n');
    expect(fillIn(once, 'x', 'two')).toBe(once.replace('one', 'two'));
  });

  it('refuses a document with the marks twice', () => {
    const pair = '<!-- generated: x -->\n<!-- end: x -->\n';
    expect(() => fillIn(`${pair}${pair}`, 'x', 'one')).toThrow(/two .*generated: x/);
  });

  it('refuses a document without the marks', () => {
    expect(() => fillIn('a', 'x', 'one')).toThrow(/generated: x/);
  });
});
